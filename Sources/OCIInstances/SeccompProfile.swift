import CSeccomp

/// The system calls that a sandbox may make: all others fail with EPERM.
///
/// An allow-list by name. Names that this machine's architecture does not have are left out, as
/// libseccomp resolves them, so that one list serves every architecture.
package enum SeccompProfile {
    /// Calls of `allowed` that exist on this architecture.
    package static func resolved() -> [String] {
        allowed.filter { seccomp_syscall_resolve_name($0) >= 0 }
    }

    /// Names in `allowed` that libseccomp knows on no architecture: a misspelling.
    package static func unknown() -> [String] {
        // __NR_SCMP_ERROR; calls of other architectures resolve to other negative numbers.
        allowed.filter { seccomp_syscall_resolve_name($0) == -1 }
    }

    package static func specification() -> OCISpecification.Seccomp {
        typealias Rule = OCISpecification.Seccomp.Rule
        let families = socketFamilies.map { family in
            Rule(
                names: ["socket"],
                action: "SCMP_ACT_ALLOW",
                args: [.init(index: 0, value: family, op: "SCMP_CMP_EQ")]
            )
        }
        return OCISpecification.Seccomp(
            defaultAction: "SCMP_ACT_ERRNO",
            syscalls: [Rule(names: resolved(), action: "SCMP_ACT_ALLOW")] + families + [
                Rule(
                    names: ["clone"],
                    action: "SCMP_ACT_ALLOW",
                    args: [
                        .init(
                            index: 0,
                            value: namespaceFlags,
                            valueTwo: 0,
                            op: "SCMP_CMP_MASKED_EQ"
                        )
                    ]
                ),
                // libc falls back to clone, whose flags can be looked at.
                Rule(names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38),
            ]
        )
    }

    /// AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK, but not AF_VSOCK, which no namespace confines.
    private static let socketFamilies: [UInt64] = [1, 2, 10, 16]

    /// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
    private static let namespaceFlags: UInt64 = 0x7E02_0000

    /// Not among them: System V's shared memory, semaphores and queues, which outlive who made them
    /// and count towards nobody's memory.
    package static let allowed = """
        accept accept4 access alarm arch_prctl bind brk cachestat capget chdir chmod chown close
        close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl
        epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve execveat exit exit_group
        faccessat faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fchown fchownat fcntl
        fdatasync fgetxattr flistxattr flock fork fstat fstatfs fsync ftruncate futex futex_wait
        futex_waitv futex_wake get_mempolicy get_robust_list get_thread_area getcpu getcwd
        getdents getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp
        getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid
        getsockname getsockopt gettid gettimeofday getuid getxattr inotify_add_watch inotify_init
        inotify_init1 inotify_rm_watch ioctl kill lgetxattr link linkat listen listxattr llistxattr
        lseek lstat madvise map_shadow_stack mbind membarrier memfd_create mincore mkdir mkdirat
        mlock mlock2 mlockall mmap mprotect mremap msync munlock munlockall munmap nanosleep
        clock_getres clock_gettime clock_nanosleep newfstatat open openat openat2 pause pidfd_open
        pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll prctl pread64
        preadv preadv2 prlimit64 pselect6 pwrite64 pwritev pwritev2 read readahead readlink
        readlinkat readv recvfrom recvmmsg recvmsg rename renameat renameat2 restart_syscall rmdir
        rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
        rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max
        sched_get_priority_min sched_getaffinity sched_getattr sched_getparam
        sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setscheduler sched_yield
        select sendfile sendmmsg sendmsg sendto set_mempolicy
        set_robust_list set_tid_address setgid setgroups setitimer setpgid setpriority setregid
        setresgid setresuid setreuid setrlimit setsid setsockopt setuid
        shutdown sigaltstack signalfd signalfd4 socketpair splice stat statfs statx symlink
        symlinkat sync_file_range sysinfo tee tgkill time timer_create timer_delete
        timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime
        timerfd_settime times tkill truncate umask uname unlink unlinkat utime utimensat utimes
        vfork wait4 waitid write writev
        """.split(whereSeparator: { $0.isWhitespace }).map(String.init)
}
