import CLinux
import Glibc

/// Writes a shell script that can be run at once, into a folder that is there.
///
/// Another process writes it: a file that this one has open for writing is also open in what a test
/// beside this one is just starting, and the kernel runs no program that someone may still change
/// (`ETXTBSY`).
package func writeShellProgram(_ text: String, to path: String) throws(ShellProgramError) {
    let script = #"printf '%s\n' '#!/bin/sh' "$1" >"$0" && chmod 755 "$0""#
    var words: [UnsafeMutablePointer<CChar>?] = [
        strdup("sh"), strdup("-c"), strdup(script), strdup(path), strdup(text), nil,
    ]
    defer { for word in words { free(word) } }
    var environment: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/bin:/bin"), nil]
    defer { free(environment[0]) }
    var pid: pid_t = 0
    let descriptors = [STDERR_FILENO, STDERR_FILENO, STDERR_FILENO]
    let error = linux_spawn(&pid, "/bin/sh", &words, &environment, descriptors, 3)
    guard error == 0 else { throw ShellProgramError(path: path) }
    var status: CInt = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw ShellProgramError(path: path) }
}

package struct ShellProgramError: Error {
    /// What could not be written.
    package let path: String
}
