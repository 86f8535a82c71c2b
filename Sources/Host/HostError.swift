/// Why something could not be read from the host, or not be done to it.
package struct HostError: Error, Sendable {
    /// A complete diagnostic for the user: what was found, and what to do.
    package let message: String

    package init(_ message: String) { self.message = message }
}
