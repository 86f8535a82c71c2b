internal import KubeChainsHost

/// Does work on the host; what hinders it ends the command.
func onHost<Result>(_ work: () throws(HostError) -> Result) throws(CommandFailure) -> Result {
    do throws(HostError) {
        return try work()
    } catch {
        throw .input(error.message)
    }
}

extension WorksOnHost where Self: ShapesRules {
    /// Waits for other runs of kubechains, and holds them off to the end of this one.
    func lockHost() throws(CommandFailure) {
        try onHost { () throws(HostError) in try HostLock.take(host.lockFile, wait: host.waitSeconds) }
    }

    /// The host's rules that the command works on.
    func hostRules() throws(CommandFailure) -> [HostRules] {
        System.addProgramFolders(host.programFolders)
        return try onHost { () throws(HostError) in
            try HostRules.choose(HostRules.families(shaping.family), host.backend)
        }
    }
}
