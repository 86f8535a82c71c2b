internal import Glibc

// What is done about signals and inherited descriptors, once, at the start.

extension System {
    /// Prepares the process: descriptors 0 to 2 are open, and writing to a pipe that nobody reads, or beyond a limit of size, is
    /// an error like others instead of the end.
    package static func prepareProcess() {
        openStandardDescriptors()
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
    }

    /// Opens what is closed of descriptors 0 to 2, so that no file of ours gets such a number and what is meant for the user ends
    /// up in it. They are opened the wrong way round, so that reading and writing still fail.
    private static func openStandardDescriptors() {
        for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
            _ = unsafe open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
        }
    }

    /// Has a file, or an empty folder, removed if a signal ends the process.
    package static func removeAtSignal(_ path: String) {
        guard let place = (0..<leftOverLimit).first(where: { index in unsafe leftOvers[index] == nil }) else { return }
        unsafe leftOvers[place] = strdup(path)
        for number in [SIGTERM, SIGINT, SIGHUP] {
            var action = sigaction()
            guard unsafe sigaction(number, nil, &action) == 0 else { continue }
            // A signal that is ignored, as under nohup(1), stays so.
            guard unsafe action.__sigaction_handler.sa_handler == nil else { continue }
            signal(number) { number in
                System.removeLeftOvers()
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    /// The file is in its place now, or removed.
    package static func keepAtSignal(_ path: String) {
        for index in 0..<leftOverLimit {
            guard let name = unsafe leftOvers[index], unsafe strcmp(name, path) == 0 else { continue }
            // The memory is not freed: a signal may come while the handler reads it.
            unsafe leftOvers[index] = nil
        }
    }

    private static let leftOverLimit = 16_384
    /// The names of files that are written. Neither an array nor strings, since a signal may come at any time and its handler may
    /// not allocate.
    private nonisolated(unsafe) static let leftOvers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = {
        let names = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: leftOverLimit)
        unsafe names.initialize(repeating: nil, count: leftOverLimit)
        return unsafe names
    }()

    private static func removeLeftOvers() {
        // Backwards, since a folder was made before its files.
        for index in (0..<leftOverLimit).reversed() {
            guard let name = unsafe leftOvers[index] else { continue }
            if unsafe unlink(name) != 0 { unsafe rmdir(name) }
        }
    }
}
