import Glibc
import Instances

/// How a process ended that is not this process's child.
enum ProcessEnd {
    /// How long it may take to end once it has closed its files, in milliseconds.
    private static let millisMax: CInt = 200
    private static let attemptsMax = 5
    /// Of `/proc/PID/stat`, counted from the name.
    private static let statusField = 50

    /// The end of a process that is ending; nil when it does not end, or the kernel does not say.
    ///
    /// Blocking. `descriptor` stands for the process.
    static func wait(for pid: pid_t, _ descriptor: CInt) -> InstanceEnd? {
        var ended = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&ended, 1, millisMax) > 0 else { return nil }
        // Its parent may ask how it ended between our two looks.
        for _ in 0..<attemptsMax {
            if let status = told(descriptor) ?? seen(pid) { return InstanceEnd(waitStatus: status) }
        }
        return nil
    }

    /// What the kernel keeps, since 6.15, of one whose parent has asked how it ended.
    private static func told(_ descriptor: CInt) -> UInt32? {
        let request: UInt = 0xc040_ff0b  // PIDFD_GET_INFO
        let exitWanted: UInt64 = 1 << 3  // PIDFD_INFO_EXIT
        var info = [UInt64](repeating: 0, count: 8)
        info[0] = exitWanted
        guard ioctl(descriptor, request, &info) == 0, info[0] & exitWanted != 0 else { return nil }
        // The last of the 16 words of 32 bits.
        return UInt32(truncatingIfNeeded: info[7] >> 32)
    }

    /// What is there to see until its parent has asked.
    private static func seen(_ pid: pid_t) -> UInt32? {
        guard let text = Files.read("/proc/\(pid)/stat"),
            let name = text.lastIndex(of: ")")
        else { return nil }
        let fields = Array(text[name...].split { $0 == " " || $0 == "\n" })
        guard fields.count > statusField, fields[1] == "Z" else { return nil }
        return UInt32(fields[statusField])
    }
}

extension InstanceEnd {
    /// Reads what `wait` tells of a process.
    init(waitStatus status: UInt32) {
        let signal = Int(status & 0x7f)
        self = signal == 0 ? .exited(Int(status >> 8) & 0xff) : .signalled(signal)
    }
}
