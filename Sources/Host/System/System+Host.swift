internal import Glibc
package import NetAddress

// What the tool reads from its host, and writes to it.

extension System {
    package static var isRoot: Bool { geteuid() == 0 }

    /// The host's name as kube-proxy takes it for the node's: in lower case.
    package static var hostName: String? {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return nil }
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name.isEmpty ? nil : name.lowercased()
    }

    /// The addresses of the host's interfaces.
    ///
    /// - Parameter excluded: the name of an interface whose addresses do not count.
    package static func interfaceAddresses(except excluded: String? = nil) throws(SystemError) -> [IPAddress] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&list) == 0 else { throw .last }
        defer { unsafe freeifaddrs(list) }
        var addresses: [IPAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            unsafe next = entry.pointee.ifa_next
            guard let address = unsafe entry.pointee.ifa_addr,
                unsafe excluded != String(cString: entry.pointee.ifa_name)
            else { continue }
            switch Int32(unsafe address.pointee.sa_family) {
            case AF_INET:
                let bits = unsafe UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr
                addresses.append(IPAddress(ipv4: UInt32(bigEndian: bits)))
            case AF_INET6:
                let socket = unsafe UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self)
                let bytes = unsafe withUnsafeBytes(of: socket.sin6_addr) { unsafe [UInt8]($0) }
                func word(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
                addresses.append(IPAddress(high: word(0..<8), low: word(8..<16)))
            default: break
            }
        }
        return addresses
    }

    /// The text of a small file, without trailing white space; nil if it cannot be read.
    package static func text(of path: String) -> String? {
        guard let descriptor = try? openForReading(path) else { return nil }
        defer { close(descriptor) }
        guard let bytes = unsafe try? readAll(descriptor, limit: 1 << 20) else { return nil }
        defer { unsafe release(bytes) }
        let text = unsafe String(decoding: bytes, as: UTF8.self)
        return String(text.reversed().drop { $0.isWhitespace }.reversed())
    }

    /// Why a file cannot be written, which is mostly that its file system is mounted read only; nil: nothing shows that.
    package static func obstacle(toWriting path: String) -> SystemError? {
        unsafe access(path, W_OK) == 0 ? nil : .last
    }

    /// Writes a value to a file of the kernel's, such as a sysctl below /proc/sys.
    package static func setKernelValue(_ path: String, _ value: String) throws(SystemError) {
        let descriptor = try openForWriting(path)
        defer { close(descriptor) }
        try write(value, to: descriptor)
    }

    /// The number of the network namespace that the process is in; 0 where there are none.
    package static var networkNamespace: UInt64 {
        var status = stat()
        return unsafe stat("/proc/self/ns/net", &status) == 0 ? UInt64(status.st_ino) : 0
    }

    /// Opens a file for locking, and creates it if necessary. Anything but a regular file is refused; a FIFO would be waited at
    /// until somebody reads from it.
    package static func openLock(_ path: String) throws(SystemError) -> Int32 {
        let flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let descriptor: Int32
        do throws(SystemError) {
            descriptor = try retrying { unsafe open(path, flags, 0o600) }
        } catch {
            throw error.code == ENXIO ? .isNotRegular : error
        }
        if case .regular = try kind(of: descriptor) { return descriptor }
        close(descriptor)
        throw .isNotRegular
    }

    /// Locks one byte of an open file, until the process ends.
    ///
    /// - Returns: false: another process holds it.
    package static func lock(_ descriptor: Int32, byte: UInt64) throws(SystemError) -> Bool {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = off_t(truncatingIfNeeded: byte)
        lock.l_len = 1
        if unsafe fcntl(descriptor, F_SETLK, &lock) == 0 { return true }
        guard errno == EAGAIN || errno == EACCES || errno == EINTR else { throw .last }
        return false
    }

    /// Sleeps for a twentieth of a second.
    package static func pause() { usleep(50_000) }

    /// A process that another network namespace may hold.
    package struct FoundProcess: Equatable {
        package let id: Int
        /// Whether its network namespace cannot be asked for.
        package let isUnknown: Bool
    }

    /// A process with a name in this network namespace, as far as /proc shows; else one that may be in it. Which user runs it
    /// does not matter.
    package static func process(named name: String) -> FoundProcess? {
        guard let folder = unsafe opendir("/proc") else { return nil }
        defer { unsafe closedir(folder) }
        let own = namespace(of: "self")
        var unknown: FoundProcess?
        while let entry = unsafe readdir(folder) {
            let file = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let id = Int(file), text(of: "/proc/\(file)/comm") == name else { continue }
            let other = namespace(of: file)
            // One that has ended is in none, even if nobody has waited for it yet; its folder is there as long.
            if own != nil, other == nil, errno != EACCES, errno != EPERM { continue }
            if other == nil || own == nil {
                unknown = FoundProcess(id: id, isUnknown: true)
            } else if own == other {
                return FoundProcess(id: id, isUnknown: false)
            }
        }
        return unknown
    }

    /// The device and number of a process's network namespace; nil: `errno` says why it is not known.
    private static func namespace(of process: String) -> [UInt64]? {
        var status = stat()
        guard unsafe stat("/proc/\(process)/ns/net", &status) == 0 else { return nil }
        return [UInt64(status.st_dev), UInt64(status.st_ino)]
    }
}
