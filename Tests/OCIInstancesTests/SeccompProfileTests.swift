import Foundation
import OCIInstances
import Testing

@Suite struct SeccompProfileTests {
    @Test func `every name on the list is a system call`() {
        #expect(SeccompProfile.unknown() == [])
    }

    @Test func `no name is on the list twice`() {
        #expect(Set(SeccompProfile.allowed).count == SeccompProfile.allowed.count)
    }

    @Test func `what a program cannot do without is resolved here`() {
        let resolved = Set(SeccompProfile.resolved())

        #expect(
            resolved.isSuperset(of: [
                "read", "write", "mmap", "munmap", "futex", "execve", "exit_group", "openat",
                "recvmsg", "sendmsg", "getrandom", "clock_gettime", "wait4", "epoll_wait",
            ])
        )
        #expect(resolved.isSubset(of: SeccompProfile.allowed))
    }

    @Test(arguments: [
        "mount", "umount", "umount2", "pivot_root", "chroot", "fsopen", "fsconfig", "fsmount",
        "move_mount", "open_tree", "mount_setattr", "unshare", "setns", "ptrace",
        "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd", "bpf",
        "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "init_module",
        "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot",
        "io_uring_setup", "io_uring_enter", "io_uring_register", "open_by_handle_at",
        "name_to_handle_at", "mknod", "mknodat", "swapon", "swapoff", "syslog", "acct",
        "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime", "sethostname",
        "setdomainname", "iopl", "ioperm", "quotactl", "quotactl_fd", "lookup_dcookie",
        "fanotify_init", "vhangup", "nfsservctl", "personality", "modify_ldt", "uselib", "ustat",
        "sysfs", "_sysctl", "migrate_pages", "move_pages", "clone", "clone3", "socket", "seccomp",
        "capset", "landlock_restrict_self", "memfd_secret",
    ])
    func `a call that reaches beyond the sandbox is not on the list`(name: String) {
        #expect(!SeccompProfile.allowed.contains(name))
    }

    @Test func `calls that are not on the list fail rather than end the process`() throws {
        let profile = try JSON(encoding: SeccompProfile.specification())

        #expect(profile["defaultAction"] == "SCMP_ACT_ERRNO")
    }

    @Test func `the only rules without a condition are the list and clone3's refusal`() throws {
        let rules = try JSON(encoding: SeccompProfile.specification())["syscalls"].array
        let unconditional = rules.filter { $0["args"].array.isEmpty }

        #expect(unconditional.count == 2)
        #expect(unconditional[0]["names"].strings == SeccompProfile.resolved())
        #expect(unconditional[0]["action"] == "SCMP_ACT_ALLOW")
        #expect(unconditional[1]["names"].strings == ["clone3"])
        #expect(unconditional[1]["action"] == "SCMP_ACT_ERRNO")
        #expect(unconditional[1]["errnoRet"] == 38)
    }

    @Test func `clone makes no namespace`() throws {
        let rules = try JSON(encoding: SeccompProfile.specification())["syscalls"].array
        let clone = try #require(rules.first { $0["names"].strings == ["clone"] })
        let argument = try #require(clone["args"].array.first)
        // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET of linux/sched.h.
        let flags = [
            0x20000, 0x2000000, 0x4000000, 0x8000000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
        ]

        #expect(argument["index"] == 0)
        #expect(argument["op"] == "SCMP_CMP_MASKED_EQ")
        #expect(argument["value"] == .integer(flags.reduce(0, |)))
        #expect(argument["valueTwo"] == 0)
    }

    @Test func `sockets are of four families`() throws {
        let rules = try JSON(encoding: SeccompProfile.specification())["syscalls"].array
        let sockets = rules.filter { $0["names"].strings == ["socket"] }

        #expect(sockets.allSatisfy { $0["args"].array.count == 1 })
        let families = sockets.map { $0["args"].array[0]["value"] }
        // AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: not AF_PACKET, AF_VSOCK, AF_ALG, AF_KEY.
        #expect(families == [1, 2, 10, 16])
        #expect(sockets.allSatisfy { $0["args"].array[0]["op"] == "SCMP_CMP_EQ" })
    }
}
