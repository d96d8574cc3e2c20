#pragma once
#include <stddef.h>
#include <stdint.h>

// The part of NVIDIA's management library (libnvidia-ml.so.1) that the platform calls: layouts and
// constants only. The functions are looked up at run time, since most hosts have no such library.
// Sizes and offsets are those of the NVML 13 header; the asserts keep them so.

typedef void *nv_device;

enum {
    NV_SUCCESS = 0,
    NV_UNINITIALIZED = 1,
    NV_INVALID_ARGUMENT = 2,
    NV_NOT_SUPPORTED = 3,
    NV_NO_PERMISSION = 4,
    NV_NOT_FOUND = 6,
    NV_INSUFFICIENT_SIZE = 7,
    NV_DRIVER_NOT_LOADED = 9,
    NV_TIMEOUT = 10,
    NV_FUNCTION_NOT_FOUND = 13,
    NV_GPU_IS_LOST = 15,
    NV_RESET_REQUIRED = 16,
    NV_OPERATING_SYSTEM = 17,
    NV_LIB_RM_VERSION_MISMATCH = 18,
    NV_UNKNOWN = 999,
};

// What `nvmlDeviceGetMemoryInfo_v2` wants in `version`: the size, and the layout's number in the
// top byte.
#define NV_MEMORY2_VERSION 0x02000028u

// Bytes. `used` includes what the driver keeps for itself.
typedef struct {
    uint64_t total, free, used;
} nv_memory;

// Bytes. `used` is without `reserved`.
typedef struct {
    uint32_t version;
    uint64_t total, reserved, free, used;
} nv_memory2;

// One process with a context; `used` is bytes, or all ones where the driver cannot say.
typedef struct {
    uint32_t pid;
    uint64_t used;
    uint32_t gpu_instance, compute_instance;
} nv_process;

typedef struct {
    char legacy[16];
    uint32_t domain, bus, device, id, subsystem;
    char bus_id[32];
} nv_pci;

typedef struct {
    uint32_t sms, copy, decoder, encoder, jpeg, ofa, gpu_slices, compute_slices;
    uint64_t memory_mib;
} nv_attributes;

_Static_assert(sizeof(nv_memory) == 24, "nv_memory");
_Static_assert(sizeof(nv_memory2) == 40 && offsetof(nv_memory2, total) == 8, "nv_memory2");
_Static_assert(NV_MEMORY2_VERSION == (sizeof(nv_memory2) | 2u << 24), "NV_MEMORY2_VERSION");
_Static_assert(sizeof(nv_process) == 24 && offsetof(nv_process, used) == 8, "nv_process");
_Static_assert(sizeof(nv_pci) == 68 && offsetof(nv_pci, bus_id) == 36, "nv_pci");
_Static_assert(sizeof(nv_attributes) == 40 && offsetof(nv_attributes, memory_mib) == 32,
               "nv_attributes");
