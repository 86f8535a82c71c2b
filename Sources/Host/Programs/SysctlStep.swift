internal import KubeProxy

extension HostStep.Sysctl {
    private var path: String { "/proc/sys/\(name)" }

    /// Refuses one that cannot be written.
    ///
    /// - Parameter isLate: whether it may come only with a later step.
    func checkWritable(isLate: Bool = false) throws(HostError) {
        guard let obstacle = System.obstacle(toWriting: path), !(isLate && obstacle.isMissing) else { return }
        throw HostError(
            "error: \(path) cannot be written: \(obstacle); nothing was changed. Set it to \(value) from outside")
    }

    /// Writes the value.
    func write() throws(HostError) {
        do throws(SystemError) {
            try System.setKernelValue(path, value)
        } catch {
            throw HostError("error: \(path) cannot be written: \(error)")
        }
    }
}
