#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

extension System {
    /// Does two pieces of work at once, the first on a thread of its own, and waits for both.
    ///
    /// Threads and not tasks, since the runtime of Swift concurrency would make the binary half a megabyte larger.
    static func concurrently<First: Sendable, Second>(
        _ first: @escaping @Sendable () -> First, _ second: () -> Second
    ) -> (First, Second) {
        let result = ThreadResult<First>()
        let body = unsafe Unmanaged.passRetained(ThreadBody { result.value = first() })
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
            // No thread is to be had: one after the other, then.
            unsafe body.release()
            return (first(), second())
        }
        let other = second()
        #if canImport(Darwin)
            if let thread = unsafe thread { unsafe pthread_join(thread, nil) }
        #else
            pthread_join(thread, nil)
        #endif
        guard let value = result.value else { preconditionFailure("a thread ended without a result") }
        return (value, other)
    }
}

/// What a thread does.
private final class ThreadBody {
    let run: () -> Void

    init(_ run: @escaping () -> Void) { self.run = run }
}

/// What came of a thread's work: written by the thread, read once it has ended.
private final class ThreadResult<Value>: @unchecked Sendable {
    var value: Value?
}

/// The beginning of every thread.
private func runThread(_ body: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let body = unsafe body { unsafe Unmanaged<ThreadBody>.fromOpaque(body).takeRetainedValue().run() }
    return nil
}
