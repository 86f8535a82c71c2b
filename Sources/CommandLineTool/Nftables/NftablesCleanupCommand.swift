internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeProxy
internal import NetAddress

extension CleanupOptions {
    /// Takes away what nftables mode made on this host, and what the other modes left.
    func cleanUpNftables() throws(CommandFailure) -> ExitCode {
        guard live.isEmpty else {
            throw CleanupOptions.usage("--live is for iptables mode; in nftables mode cleanup works on this host")
        }
        guard applies || isDryRun else {
            throw CleanupOptions.usage(
                "in nftables mode cleanup works on this host: give --apply to do it, or --dry-run to print the steps")
        }
        guard System.isRoot else { throw .input("error: cleanup needs root, to read and to write the host's state") }
        if !isDryRun { try lockHost() }
        System.addProgramFolders(host.programFolders)
        let excluded = shaping.settings.ipvs.excludeCIDRs
        let text = try onHost { () throws(HostError) in
            let cleanup = try HostCleanup.Everything(
                HostRules.families(shaping.family), host.backend, excluding: excluded,
                wait: host.waitSeconds)
            return isDryRun ? try cleanup.script() : try cleanup.run().map { $0 + "\n" }.joined()
        }
        try OutputFile.write(text, to: outputFile)
        return .success
    }
}
