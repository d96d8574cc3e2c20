/// Where the driver finds what it needs and keeps what it makes.
package struct OCIConfiguration: Sendable {
    /// The gateway's data folder; the driver uses `sandboxes`, `oci` and `image` in it.
    package var dataFolder: String
    /// Holds `faas_runtime` and `faas`: the program of a Python sandbox.
    package var runtimeFolder: String
    /// The layer with what the runtime itself requires.
    package var runtimeLayer: String
    /// Path of runc or crun.
    package var ociRuntime: String
    /// The interpreter, as both host and sandbox see it.
    package var python = "/usr/bin/python3"
    /// How long the zygote may take to tell how an instance ended, in milliseconds.
    package var exitMillisMax = 1000
    /// How long a fork may take until it says hello, in milliseconds.
    package var forkMillisMax = 5000
    /// How long `attach` may take, in milliseconds.
    package var attachMillisMax = 60_000
    /// What a handler may print while it loads, or in one invocation, in bytes.
    package var logBytesMax = 64 << 10
    /// Size of `/tmp` in a sandbox, in MiB; its pages count towards the writer's memory limit.
    package var temporaryMiBMax = 64
    /// The first user id given to sandboxes; each gets its own of the next `userCount`.
    package var userFirst = 200_000
    /// How many user ids sandboxes use before they begin anew.
    package var userCount = 50_000
    /// How long after a fork the next one is made in reserve, in milliseconds.
    package var reserveDelayMillis = 100

    package init(
        dataFolder: String,
        runtimeFolder: String,
        runtimeLayer: String,
        ociRuntime: String
    ) {
        self.dataFolder = dataFolder
        self.runtimeFolder = runtimeFolder
        self.runtimeLayer = runtimeLayer
        self.ociRuntime = ociRuntime
    }

    package var sandboxesFolder: String { "\(dataFolder)/sandboxes" }
    package var stateFolder: String { "\(dataFolder)/oci" }
    package var rootFolder: String { "\(dataFolder)/image/root" }

    /// Names this gateway's cgroups: two gateways on one host have different data folders.
    package var cgroupTag: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
        for byte in dataFolder.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }
}
