/// Serialises concurrent runs of kubechains on a host: no run changes rules that another has read and not yet written.
/// Other programs do not know this lock; they wait for the xtables lock, which is held while one text is written.
package enum HostLock {
    /// One file for all network namespaces: each namespace locks its own byte, at the offset of its number.
    package static let usualPath = "/run/kubechains.lock"

    /// Takes the lock for as long as the process lives.
    ///
    /// - Parameters:
    ///   - path: the file, which is made if it is not there.
    ///   - wait: the seconds to wait for the holder.
    package static func take(_ path: String, wait: Int) throws(HostError) {
        let (byte, end) = (System.networkNamespace, System.seconds + Double(wait))
        let isTaken: Bool
        do throws(SystemError) {
            let descriptor = try System.openLock(path)
            while try !System.lock(descriptor, byte: byte) && System.seconds < end { System.pause() }
            isTaken = try System.lock(descriptor, byte: byte)
        } catch {
            let hint = path == usualPath ? "; --lock-file names another one" : ""
            throw HostError("error: \(path) cannot be locked: \(error); nothing was changed\(hint)")
        }
        guard isTaken else {
            throw HostError(
                "error: another kubechains works on this host's rules, and was not done after \(wait) seconds; "
                    + "nothing was changed. Try again, or give --wait more seconds")
        }
    }
}
