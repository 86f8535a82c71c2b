/// Where work can go on beside the work at hand: threads, in the end. The library starts none itself; whoever calls it may
/// lend it some.
public struct Workers: Sendable {
    private let start: @Sendable (_ work: @escaping @Sendable () -> Void) -> @Sendable () -> Void

    /// - Parameter start: begins the work elsewhere and gives what waits for its end, which is called once. Where nothing
    ///   can be begun, the work may be done before `start` returns.
    public init(_ start: @escaping @Sendable (_ work: @escaping @Sendable () -> Void) -> @Sendable () -> Void) {
        self.start = start
    }

    /// Begins work elsewhere.
    package func begin<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> PendingWork<Value> {
        let box = ResultBox<Value>()
        return PendingWork(box, start { box.value = work() })
    }

    /// Does two pieces of work at once, the first elsewhere.
    package func both<First: Sendable, Second>(
        _ first: @escaping @Sendable () -> First, _ second: () -> Second
    ) -> (First, Second) {
        let pending = begin(first)
        let other = second()
        return (pending.value(), other)
    }
}

/// Work that goes on elsewhere. Whoever lets go of it waits for its end.
package final class PendingWork<Value: Sendable> {
    private let box: ResultBox<Value>
    private var wait: (@Sendable () -> Void)?

    fileprivate init(_ box: ResultBox<Value>, _ wait: @escaping @Sendable () -> Void) {
        self.box = box
        self.wait = wait
    }

    deinit { wait?() }

    /// Waits for the end, and gives what came of it.
    package func value() -> Value {
        wait?()
        wait = nil
        guard let value = box.value else { preconditionFailure("work ended without a result") }
        return value
    }
}

/// What came of work: written where the work is done, read once it has ended.
private final class ResultBox<Value: Sendable>: @unchecked Sendable {
    var value: Value?
}
