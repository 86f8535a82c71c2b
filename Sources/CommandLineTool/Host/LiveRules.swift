internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import NetAddress

/// The rules of this host.
enum LiveRules {
    /// Runs iptables-save or ip6tables-save.
    static func ofHost(_ family: AddressFamily) throws(CommandFailure) -> SnapshotSource {
        let program = family == .ipv4 ? "iptables-save" : "ip6tables-save"
        guard let path = System.findProgram(program) else {
            throw .input("error: \(program) is not installed; install iptables, or give a file to --live")
        }
        let result: ProcessResult
        do throws(SystemError) {
            result = try System.run(path)
        } catch {
            throw .input("error: \(path) can not be run: \(error)")
        }
        guard result.isSuccess else {
            throw .input("error: \(path) failed; it needs root: \(result.errors)")
        }
        return SnapshotSource(name: program, bytes: result.output)
    }
}
