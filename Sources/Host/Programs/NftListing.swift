/// What nft lists on this host.
package enum NftListing {
    /// The text of `nft list ruleset`.
    ///
    /// - Throws: ``HostError`` if nft is missing, fails or is ended by a signal, as an nft that is older than the one which made
    ///   the tables may be. Then nothing is known of the tables; they are not taken to be empty.
    package static func ruleset() throws(HostError) -> (name: String, text: [UInt8]) {
        let nft = try HostProgram.find("nft", package: "nftables")
        let result = try HostProgram.run(nft, ["list", "ruleset"])
        guard result.isSuccess else {
            let version = try HostProgram.run(nft, ["--version"])
            let name = HostProgram.firstLine(String(decoding: version.output, as: UTF8.self))
            throw HostError(
                "error: '\(nft) list ruleset' failed: \(HostProgram.reason(result)); it is \(name), and one that is "
                    + "older than the nft in kube-proxy's image may fail: run that one, and give its output with --live"
            )
        }
        return ("\(nft) list ruleset", result.output)
    }
}
