package import KubeProxy

/// How the state of one mode is read from this host and changed on it.
package protocol HostAccess {
    associatedtype State: HostState

    /// Reads the present state.
    func read() throws(HostError) -> State

    /// Looks whether a step can be done, as far as that shows before anything is changed.
    func check(_ step: HostStep) throws(HostError)

    /// Does a step.
    func run(_ step: HostStep) throws(HostError)

    /// A step's command line for a shell, without its input.
    func command(of step: HostStep) -> String

    /// How the user is told that steps took back what was done before a failure.
    func restored(by steps: [HostStep]) -> String
}

extension HostAccess {
    package func check(_ step: HostStep) throws(HostError) {}

    /// Does steps in their order: all are checked before the first is done, and if one fails, those before it are undone.
    ///
    /// - Parameter before: the state to go back to after a failure; nil: what was done stays, since doing the rest is all that
    ///   there is to do.
    package func carryOut(_ steps: [HostStep], orGoBackTo before: State?) throws(HostError) {
        for step in steps { try check(step) }
        for (index, step) in steps.enumerated() {
            do throws(HostError) {
                try run(step)
            } catch {
                throw HostError(failure(error, at: index, of: steps) + "\n" + outcome(goingBackTo: before))
            }
        }
    }

    private func failure(_ error: HostError, at index: Int, of steps: [HostStep]) -> String {
        guard steps.count > 1 else { return error.message }
        let step = steps[index]
        let done = steps[..<index].map(\.name).joined(separator: ", ")
        return "error: step \(index + 1) of \(steps.count) failed, \(step.name) (\(step.summary)):\n\(error.message)\n"
            + "done before: \(done.isEmpty ? "nothing" : done)"
    }

    /// Undoes what was done before a failed step, and what the step itself did.
    ///
    /// - Returns: how the host is now.
    private func outcome(goingBackTo before: State?) -> String {
        guard let before else { return "once the reason is gone, the same command does the rest" }
        var left: ArraySlice<HostStep> = []
        do throws(HostError) {
            let steps = try read().steps(to: before)
            left = steps[...]
            while let step = left.first {
                try run(step)
                left.removeFirst()
            }
            return steps.isEmpty ? "the host is as it was" : restored(by: steps)
        } catch {
            return "it could not all be taken back: \(error.message)\n"
                + "this is left to do, to get back to where the host was:\n" + script(left)
        }
    }

    /// The steps as a shell script.
    package func script(_ steps: some Sequence<HostStep>) -> String {
        var text = ""
        for step in steps {
            text += "# \(step.name): \(step.summary)\n\(command(of: step))"
            if case .run(_, _, let input) = step.work, !input.isEmpty {
                text += " <<'END'\n\(input)END\n"
            } else {
                text += "\n"
            }
        }
        return text
    }
}
