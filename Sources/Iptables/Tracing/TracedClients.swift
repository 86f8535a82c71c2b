package import NetAddress

/// Clients whose packets are followed together. Where rules treat some of them otherwise, their path branches, and each branch
/// has its own part of them.
///
/// A class, since each copy of a branch would have to count the references to two arrays.
package final class TracedClients: Sendable {
    /// Their addresses.
    package let addresses: AddressSet
    /// Whether all of them are addresses of the host; otherwise none is.
    package let areOfHost: Bool

    /// Clients that are all on the host, or all elsewhere.
    package init(_ addresses: AddressSet, areOfHost: Bool) {
        self.addresses = addresses
        self.areOfHost = areOfHost
    }

    /// Whether all of them are in ranges, or none is; nil: some are.
    func areIn(_ ranges: [IPPrefix]) -> Bool? {
        if ranges.count == 1 { return addresses.areIn(ranges[0]) }
        if addresses.intersection(ranges).isEmpty { return false }
        return addresses.subtracting(ranges).isEmpty ? true : nil
    }

    /// Those that are in ranges, or those that are not.
    func narrowed(to ranges: [IPPrefix], _ areInside: Bool) -> TracedClients {
        TracedClients(
            areInside ? addresses.intersection(ranges) : addresses.subtracting(ranges), areOfHost: areOfHost)
    }
}
