import Synchronization

/// What the cases of a parameterized test add up to, for what can be said only when all of them are done.
public final class Tally<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var left: Int
    }
    private let state: Mutex<State>

    /// - Parameter cases: how many cases there are.
    public init(_ value: Value, cases: Int) {
        state = Mutex(State(value: value, left: cases))
    }

    /// Adds one case. After the last one, `finish` gets the sum.
    public func add(_ change: (inout Value) -> Void, finish: (Value) -> Void) {
        let value: Value? = state.withLock { state in
            change(&state.value)
            state.left -= 1
            return state.left == 0 ? state.value : nil
        }
        if let value { finish(value) }
    }
}
