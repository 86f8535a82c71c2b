internal import KubeSnapshot

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

extension System {
    /// Threads, one for each piece of work.
    ///
    /// Threads and not tasks, since the runtime of Swift concurrency would make the binary half a megabyte larger.
    static let workers = Workers { work in
        let body = unsafe Unmanaged.passRetained(ThreadBody(work))
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        // As much as the main thread mostly has; Musl's default is a sixtieth of it.
        unsafe pthread_attr_setstacksize(&attributes, 8 << 20)
        #if canImport(Darwin)
            var thread: pthread_t?
            let code = unsafe pthread_create(&thread, &attributes, { unsafe runThread($0) }, body.toOpaque())
        #else
            var thread = pthread_t()
            let code = unsafe pthread_create(&thread, &attributes, { unsafe runThread($0) }, body.toOpaque())
        #endif
        guard code == 0 else {
            // No thread is to be had: it is done here, then.
            unsafe body.release()
            work()
            return {}
        }
        #if canImport(Darwin)
            nonisolated(unsafe) let started = unsafe thread
            return { if let started = unsafe started { unsafe pthread_join(started, nil) } }
        #else
            let started = thread
            return { pthread_join(started, nil) }
        #endif
    }
}

/// What a thread does.
private final class ThreadBody {
    let run: () -> Void

    init(_ run: @escaping () -> Void) { self.run = run }
}

/// The beginning of every thread.
private func runThread(_ body: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let body = unsafe body { unsafe Unmanaged<ThreadBody>.fromOpaque(body).takeRetainedValue().run() }
    return nil
}
