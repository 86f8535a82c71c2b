internal import Glibc

extension System {
    /// The width of the terminal that a descriptor names; nil if it is none, or does not say.
    package static func columns(of descriptor: Int32) -> Int? {
        var size = winsize()
        // The first argument that follows is what the request writes to.
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}
