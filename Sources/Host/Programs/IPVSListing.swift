internal import KubeProxy

/// What the programs of IPVS mode print on this host.
package enum IPVSListing {
    /// The virtual servers, the sets and the addresses of all interfaces, for an audit.
    package static func texts() throws(HostError) -> [(name: String, text: [UInt8])] {
        let ipvsadm = try HostProgram.find("ipvsadm", package: "ipvsadm")
        let ipset = try HostProgram.find("ipset", package: "ipset")
        let ip = try HostProgram.find("ip", package: "iproute2")
        var texts: [(name: String, text: [UInt8])] = []
        // The list says that there are no virtual servers, where -S prints nothing.
        for (program, arguments) in [
            (ipvsadm, ["-L", "-n"]), (ipvsadm, ["-S", "-n"]), (ipset, ["save"]), (ip, ["-o", "addr"]),
        ] {
            let name = ([program] + arguments).joined(separator: " ")
            let result = try HostProgram.run(program, arguments)
            guard result.isSuccess else {
                throw HostError("error: \(name) failed: \(HostProgram.firstLine(result.errors))")
            }
            texts.append((name, result.output))
        }
        return texts
    }
}
