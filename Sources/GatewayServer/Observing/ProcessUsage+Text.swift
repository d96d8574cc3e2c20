extension ProcessUsage {
    func write(_ text: inout PrometheusText) {
        text.begin(
            "faas_process_resident_memory_bytes",
            .gauge,
            "Memory of the gateway itself."
        )
        text.sample([:], Double(residentBytes))
        text.begin(
            "faas_process_cpu_seconds_total",
            .counter,
            "CPU time of the gateway itself."
        )
        text.sample([:], cpuSeconds)
        text.begin("faas_process_open_fds", .gauge, "Descriptors that the gateway has open.")
        text.sample([:], Double(openFileCount))
        if let openFileCountMax {
            text.begin("faas_process_max_fds", .gauge, "Descriptors that it may have open.")
            text.sample([:], Double(openFileCountMax))
        }
        text.begin(
            "faas_process_start_time_seconds",
            .gauge,
            "When the gateway began, since 1970 UTC."
        )
        text.sample([:], startedAtSeconds)
    }
}
