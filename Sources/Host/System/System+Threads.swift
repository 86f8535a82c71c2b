internal import Glibc
package import KubeChainsBytes

extension System {
    /// Threads for concurrent work, reused: a kernel may let a new thread
    /// wait on the processor of its creator (measured: up to a twenty-fifth of rendering 5,000 Services).
    ///
    /// Threads and not tasks, since the runtime of Swift concurrency would make the binary half a megabyte larger.
    package static let workers = Workers { work in
        guard let thread = WorkerThread.take() else {
            // No thread is available: the work is done here.
            work()
            return {}
        }
        thread.begin(work)
        return { thread.finish() }
    }
}

/// A thread that does one piece of work after another.
@safe private final class WorkerThread: @unchecked Sendable {
    /// Idle threads.
    private nonisolated(unsafe) static var idle: [WorkerThread] = []
    private static let idleLock = Lock()

    private let lock = Lock()
    /// The current work; nil: none.
    private var work: (@Sendable () -> Void)?

    /// An idle thread, or a new one; nil: the system provides none.
    static func take() -> WorkerThread? {
        let waiting = idleLock.locked { unsafe idle.popLast() }
        return waiting ?? WorkerThread().start()
    }

    /// The thread ends with the process.
    private func start() -> WorkerThread? {
        // Twice: the first time malloc(3) maps the memory apart from the heap, and learns to take it from there.
        Heap.makeRoom()
        Heap.makeRoom()
        let body = unsafe Unmanaged.passRetained(self)
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        // As much as the main thread mostly has.
        unsafe pthread_attr_setstacksize(&attributes, 8 << 20)
        var thread = pthread_t()
        let code = unsafe pthread_create(&thread, &attributes, { unsafe runThread($0) }, body.toOpaque())
        guard code == 0 else {
            unsafe body.release()
            return nil
        }
        return self
    }

    func begin(_ work: @escaping @Sendable () -> Void) {
        lock.locked {
            self.work = work
            lock.signal()
        }
    }

    /// Waits for the end of the work.
    func finish() {
        lock.locked { while work != nil { lock.wait() } }
        Self.idleLock.locked { unsafe Self.idle.append(self) }
    }

    fileprivate func run() -> Never {
        Heap.makeRoom()
        while true {
            let next = lock.locked {
                while work == nil { lock.wait() }
                return work
            }
            next?()
            lock.locked {
                work = nil
                lock.signal()
            }
        }
    }
}

/// The beginning of every thread.
private func runThread(_ body: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let body = unsafe body { unsafe Unmanaged<WorkerThread>.fromOpaque(body).takeUnretainedValue().run() }
    return nil
}

/// What malloc(3) takes memory from, for one thread each.
private enum Heap {
    /// Less than the largest size that free(3) ever keeps, 32 MB.
    private static let room = 24 << 20
    /// How much of it is given in huge pages, which what is used last would leave half empty: all of it would be 4 MB more for a
    /// fiftieth less time.
    private static let inHugePages = 4 << 20

    /// Lets this thread's heap grow at once, by memory that costs nothing before it is used, and in huge pages.
    ///
    /// Otherwise a second thread's heap grows by single pages: rendering 5,000 Services takes 420 system calls, each of which
    /// makes both threads' page faults wait, and 4,000 page faults (measured: without the calls a thirtieth less time, in huge
    /// pages another tenth, with 2 MB more memory).
    static func makeRoom() {
        guard let memory = unsafe malloc(room) else { return }
        _ = unsafe madvise(memory.alignedUp(toMultipleOf: 2 << 20), inHugePages, MADV_HUGEPAGE)
        unsafe free(memory)
    }
}

/// A lock with a condition to wait for.
@safe private final class Lock: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    func locked<Result>(_ body: () -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }

    func wait() { unsafe pthread_cond_wait(condition, mutex) }
    func signal() { unsafe pthread_cond_signal(condition) }
}
