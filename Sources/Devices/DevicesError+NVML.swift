import CNVML

extension DevicesError {
    /// What NVML's return code `status` of `call` means to an operator; `text` is NVML's own words.
    init(nvml status: Int32, _ call: String, text: String) {
        let (code, message) = Self.meaning(of: status)
        self.init(code, message, cause: "\(call): \(status), \(text)")
    }

    /// NVML's code 13 does not come here: an absent function is known from `dlsym`.
    private static func meaning(of status: Int32) -> (Code, String) {
        switch status {
        case Int32(NV_NOT_SUPPORTED):
            (.notSupported, "this GPU does not support what was asked of it")
        case Int32(NV_NO_PERMISSION):
            (.noPermission, "the driver refuses this user: run the gateway as root")
        case Int32(NV_NOT_FOUND):
            (.notFound, "the driver knows no such GPU")
        case Int32(NV_DRIVER_NOT_LOADED):
            (.driverNotLoaded, "the NVIDIA driver is not loaded: try `modprobe nvidia`")
        case Int32(NV_GPU_IS_LOST):
            (.gpuLost, "the GPU fell off the bus: reboot the host, and look for XID in `dmesg`")
        case Int32(NV_RESET_REQUIRED):
            (.resetRequired, "the GPU needs a reset: `nvidia-smi --gpu-reset`, or reboot the host")
        case Int32(NV_OPERATING_SYSTEM):
            (
                .deviceBlocked,
                "the system blocks the GPU: check /dev/nvidia* and the device rules of our cgroup"
            )
        case Int32(NV_LIB_RM_VERSION_MISMATCH):
            (
                .versionMismatch,
                "the driver and its library differ in version: reboot, or reload the driver"
            )
        default:
            (.driver, "the NVIDIA driver failed")
        }
    }
}
