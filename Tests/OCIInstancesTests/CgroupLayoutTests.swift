import OCIInstances
import Testing

@Suite struct CgroupLayoutTests {
    /// Debian 12 under systemd: one hierarchy, with every controller.
    private static let unified = """
        22 28 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
        23 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:14 - proc proc rw
        24 28 0:5 / /dev rw,nosuid,relatime shared:2 - devtmpfs udev rw,size=4049152k,mode=755
        28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
        30 22 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:8 - cgroup2 cgroup2 \
        rw,nsdelegate,memory_recursiveprot
        31 22 0:27 / /sys/fs/pstore rw,nosuid,nodev,noexec,relatime shared:9 - pstore pstore rw
        """

    /// systemd with `systemd.unified_cgroup_hierarchy=0`: controllers in version 1, names in 2.
    private static let hybrid = """
        28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
        29 22 0:25 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:8 - tmpfs tmpfs ro,mode=755
        30 29 0:26 / /sys/fs/cgroup/unified rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 \
        cgroup2 rw,nsdelegate
        31 29 0:27 / /sys/fs/cgroup/systemd rw,nosuid,nodev,noexec,relatime shared:10 - cgroup \
        cgroup rw,xattr,name=systemd
        35 29 0:31 / /sys/fs/cgroup/memory rw,nosuid,nodev,noexec,relatime shared:15 - cgroup \
        cgroup rw,memory
        36 29 0:32 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid,nodev,noexec,relatime shared:16 - \
        cgroup cgroup rw,cpu,cpuacct
        37 29 0:33 / /sys/fs/cgroup/pids rw,nosuid,nodev,noexec,relatime shared:17 - cgroup \
        cgroup rw,pids
        """

    /// Version 1 alone, mounted by hand as on a small machine without systemd.
    private static let divided = """
        1 0 254:0 / / rw,relatime - ext4 /dev/vda rw
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
        33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices
        39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
        """

    @Test func `a host of version 2 has one hierarchy`() {
        #expect(Cgroups.layout(mounts: Self.unified) == .v2("/sys/fs/cgroup"))
    }

    @Test func `on a hybrid host the controllers of version 1 decide`() {
        guard case .v1(let mounts) = Cgroups.layout(mounts: Self.hybrid) else {
            Issue.record("a hybrid host is read as one of version 2")
            return
        }

        #expect(mounts["memory"] == "/sys/fs/cgroup/memory")
        #expect(mounts["cpu"] == "/sys/fs/cgroup/cpu,cpuacct")
        #expect(mounts["cpuacct"] == "/sys/fs/cgroup/cpu,cpuacct")
        #expect(mounts["pids"] == "/sys/fs/cgroup/pids")
        #expect(mounts["systemd"] == "/sys/fs/cgroup/systemd")
    }

    @Test func `a hybrid host's unified hierarchy is known, for what the OCI runtime makes there`()
    {
        guard case .v1(let mounts) = Cgroups.layout(mounts: Self.hybrid) else { return }

        #expect(mounts.values.contains("/sys/fs/cgroup/unified"))
    }

    @Test func `a host of version 1 has a hierarchy for each controller`() {
        let expected = [
            "cpu": "/sys/fs/cgroup/cpu", "cpuacct": "/sys/fs/cgroup/cpuacct",
            "memory": "/sys/fs/cgroup/memory", "devices": "/sys/fs/cgroup/devices",
            "pids": "/sys/fs/cgroup/pids",
        ]

        #expect(Cgroups.layout(mounts: Self.divided) == .v1(expected))
    }

    @Test func `options of the mount and of the file system are no controllers`() {
        let mounts = """
            35 29 0:31 / /cg/memory rw,nosuid,noexec shared:15 - cgroup cgroup ro,memory
            """

        #expect(Cgroups.layout(mounts: mounts) == .v1(["memory": "/cg/memory"]))
    }

    @Test func `without a memory controller of version 1 the unified hierarchy is used`() {
        let mounts = """
            31 29 0:27 / /sys/fs/cgroup/systemd rw shared:10 - cgroup cgroup rw,name=systemd
            30 29 0:26 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw
            """

        #expect(Cgroups.layout(mounts: mounts) == .v2("/sys/fs/cgroup/unified"))
    }

    @Test(arguments: [
        "", "\n\n", "31 29 0:27", "- cgroup", "a b c d e - cgroup2",
        "28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw",
        "31 29 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu",
        "28 1 254:1 / /mnt/cgroup2 rw - ext4 cgroup2 rw",
    ])
    func `a table without usable control groups has no layout`(mounts: String) {
        #expect(Cgroups.layout(mounts: mounts) == nil)
    }

    @Test func `the first of two places of one hierarchy counts`() {
        // A container's own view may be mounted once more below a root of its own.
        let mounts = """
            30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
            90 80 0:26 / /var/lib/machine/sys/fs/cgroup rw - cgroup2 cgroup2 rw
            """

        #expect(Cgroups.layout(mounts: mounts) == .v2("/sys/fs/cgroup"))
    }

    @Test func `the first of two places counts in version 1 too`() {
        let mounts = """
            35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
            95 91 0:32 / /var/lib/machine/sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
            """

        #expect(Cgroups.layout(mounts: mounts) == .v1(["memory": "/sys/fs/cgroup/memory"]))
    }
}
