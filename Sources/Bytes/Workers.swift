/// A way to do work concurrently, such as threads. The library starts none itself; the caller may
/// provide some.
public struct Workers: Sendable {
    private let start: @Sendable (_ work: @escaping @Sendable () -> Void) -> @Sendable () -> Void

    /// - Parameter start: begins the work on another thread and returns a function that waits for its end, which is
    ///   called once. If it can be begun, the work may be done before `start` returns.
    public init(_ start: @escaping @Sendable (_ work: @escaping @Sendable () -> Void) -> @Sendable () -> Void) {
        self.start = start
    }

    /// Begins work on another thread.
    package func begin<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> PendingWork<Value> {
        let box = ResultBox<Value>()
        return PendingWork(box, start { box.value = work() })
    }

    /// Does two pieces of work concurrently, the first on another thread.
    package func both<First: Sendable, Second>(
        _ first: @escaping @Sendable () -> First, _ second: () -> Second
    ) -> (First, Second) {
        let pending = begin(first)
        let other = second()
        return (pending.value(), other)
    }

    /// What `body` makes of positions up to a count, in their order; of half of them on another thread, if there are workers and
    /// at least so many.
    package static func halves<Value: Sendable>(
        of count: Int, atLeast least: Int, with workers: Workers?,
        _ body: @escaping @Sendable (Range<Int>) -> [Value]
    ) -> [Value] {
        guard let workers, count >= least else { return body(0..<count) }
        let (latter, former) = workers.both({ body(count / 2..<count) }, { body(0..<count / 2) })
        return former + latter
    }

    /// What `body` makes of each element, in their order; of every second one on another thread.
    package func map<Element: Sendable, Value: Sendable>(
        _ elements: [Element], _ body: @escaping @Sendable (Element) -> Value
    ) -> [Value] {
        let (odd, even) = both(
            { stride(from: 1, to: elements.count, by: 2).map { body(elements[$0]) } },
            { stride(from: 0, to: elements.count, by: 2).map { body(elements[$0]) } })
        return elements.indices.map { $0 % 2 == 0 ? even[$0 / 2] : odd[$0 / 2] }
    }
}

/// Work on another thread. Releasing it waits for its end.
package final class PendingWork<Value: Sendable> {
    private let box: ResultBox<Value>
    private var wait: (@Sendable () -> Void)?

    fileprivate init(_ box: ResultBox<Value>, _ wait: @escaping @Sendable () -> Void) {
        self.box = box
        self.wait = wait
    }

    deinit { wait?() }

    /// Waits for the end and returns the result, once: the caller is its only owner and may take it apart.
    package func value() -> Value {
        wait?()
        wait = nil
        guard let value = box.value.take() else { preconditionFailure("work ended without a result") }
        return value
    }
}

/// The result of work: written by the thread that does it, read once it has ended.
private final class ResultBox<Value: Sendable>: @unchecked Sendable {
    var value: Value?
}
