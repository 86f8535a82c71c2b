import Glibc

/// What one run of a command took.
struct Measurement {
    /// From start to end, in seconds.
    var wall: Double
    /// The processor time of the process and its threads, in seconds.
    var processor: Double
    /// The largest resident set, in bytes, mapped files included.
    var peakMemory: Int
}

/// A command that cannot be run, or that failed.
struct ProcessFailure: Error, CustomStringConvertible {
    let description: String
}

/// Runs a command with its output thrown away and measures it.
///
/// - Parameter passing: the exit codes that are no failure.
/// - Throws: ``ProcessFailure`` if the command cannot be started or fails.
func measure(_ command: [String], passing codes: Set<CInt> = [0]) throws -> Measurement {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    var arguments = unsafe command.map { unsafe strdup($0) }
    unsafe arguments.append(nil)
    defer { for index in unsafe arguments.indices { unsafe free(arguments[index]) } }

    let start = seconds()
    var child: pid_t = 0
    let code = unsafe posix_spawnp(&child, command[0], &actions, nil, arguments, environ)
    guard code == 0 else { throw ProcessFailure(description: "\(command[0]) cannot be started") }
    var status: CInt = 0
    var usage = rusage()
    while unsafe wait4(child, &status, 0, &usage) < 0 {
        guard errno == EINTR else { throw ProcessFailure(description: "\(command[0]) got lost") }
    }
    let wall = seconds() - start
    guard status & 0x7F == 0, codes.contains(status >> 8 & 0xFF) else {
        throw ProcessFailure(description: "\(command[0]) failed (status \(status))")
    }
    let processor = [usage.ru_utime, usage.ru_stime].map { Double($0.tv_sec) + Double($0.tv_usec) / 1e6 }
    return Measurement(wall: wall, processor: processor[0] + processor[1], peakMemory: usage.ru_maxrss * 1024)
}

/// Seconds of a clock that only goes forward.
func seconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// The middle value.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/// What one takes of another's time: the middle one of the ratios of each turn.
func ratio(_ ours: [Measurement], _ theirs: [Measurement]) -> Double {
    median(zip(ours, theirs).map { $0.wall / $1.wall })
}

/// Two decimals.
func decimal(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}
