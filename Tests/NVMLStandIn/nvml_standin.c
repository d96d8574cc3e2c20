// A library with the symbols of NVIDIA's libnvidia-ml.so.1, for hosts without a GPU.
//
// It has two cards: one of 80 GiB that is cut into two MIG slices, one of 24 GiB that is whole. How
// it behaves is steered by words, in the environment variable NVML_STANDIN or, where that is not
// set, in the file LIBRARY.steer beside the library; they are read at each call, so that a host can
// change under a running program:
//
//   cards=N              only the first N cards are there
//   driver-not-loaded    as after a boot without the kernel module
//   version-mismatch     as after an upgrade under the running driver
//   lost=I               card I fell off the bus
//   no-mig               MIG is off on the first card
//   used=I:MIB           what programs use of card I
//   processes=I:N        card I serves N processes, with PIDs from 1000
//   growing              the list of processes is longer at the second call than announced
//   unknown-use          the use of a process is not known
//   old                  the second version of the memory figures is refused
//
// Build: cc -shared -fPIC -o libnvidia-ml.so.1 nvml_standin.c -ldl

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The layouts are written down again and not shared with the platform's header, so that a mistake
// in one shows against the other.
struct memory { uint64_t total, free, used; };
struct memory2 { uint32_t version; uint64_t total, reserved, free, used; };
struct process { uint32_t pid; uint64_t used; uint32_t gpu_instance, compute_instance; };
struct pci { char legacy[16]; uint32_t domain, bus, device, id, subsystem; char bus_id[32]; };
struct attributes {
    uint32_t sms, copy, decoder, encoder, jpeg, ofa, gpu_slices, compute_slices;
    uint64_t memory_mib;
};

_Static_assert(sizeof(struct memory) == 24, "memory");
_Static_assert(sizeof(struct memory2) == 40 && offsetof(struct memory2, total) == 8, "memory2");
_Static_assert(sizeof(struct process) == 24 && offsetof(struct process, used) == 8, "process");
_Static_assert(sizeof(struct pci) == 68 && offsetof(struct pci, bus_id) == 36, "pci");
_Static_assert(sizeof(struct attributes) == 40 && offsetof(struct attributes, memory_mib) == 32,
               "attributes");

enum {
    SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7, DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15, LIB_RM_VERSION_MISMATCH = 18,
    ARGUMENT_VERSION_MISMATCH = 25,
};

enum { CARDS = 2, SLICE_PLACES = 7 };
static const uint64_t MIB = 1 << 20;

struct card {
    const char *uuid, *name, *bus_id;
    uint32_t minor;
    uint64_t total_mib, reserved_mib;
    int major_capability, minor_capability, can_mig;
};
struct slice {
    const char *uuid;
    int place;
    uint32_t gpu_instance, compute_instance;
    uint64_t memory_mib;
};

// Minors are in another order than indices, as on hosts whose cards were numbered by probing.
static struct card cards[CARDS] = {
    {"GPU-11111111-aaaa-4bbb-8ccc-000000000001", "Stand-in 80GB", "00000000:3B:00.0", 1,
     81920, 512, 9, 0, 1},
    {"GPU-22222222-aaaa-4bbb-8ccc-000000000002", "Stand-in 24GB", "00000000:5E:00.0", 0,
     24576, 256, 8, 9, 0},
};
// With a hole at places 1 and 2, as after a slice was destroyed.
static struct slice slices[] = {
    {"MIG-33333333-aaaa-5bbb-8ccc-000000000003", 0, 1, 0, 40448},
    {"MIG-44444444-aaaa-5bbb-8ccc-000000000004", 3, 5, 0, 9856},
};
enum { SLICES = sizeof slices / sizeof *slices };

static int initialised;
static int starts;

static const char *steering(char *text, size_t size) {
    const char *words = getenv("NVML_STANDIN");
    if (words) return words;
    Dl_info place;
    char path[4096];
    text[0] = 0;
    if (!dladdr((void *)steering, &place)) return text;
    snprintf(path, sizeof path, "%s.steer", place.dli_fname);
    FILE *file = fopen(path, "re");
    if (!file) return text;
    text[fread(text, 1, size - 1, file)] = 0;
    fclose(file);
    return text;
}

// What follows `word` in the steering, "" if nothing does, NULL if the word is not there.
static const char *steer(const char *word, char *value, size_t size) {
    char text[1024], *rest, copy[1024];
    snprintf(copy, sizeof copy, "%s", steering(text, sizeof text));
    size_t length = strlen(word);
    for (char *part = strtok_r(copy, " \n", &rest); part; part = strtok_r(NULL, " \n", &rest)) {
        if (strncmp(part, word, length) || (part[length] && part[length] != '=')) continue;
        snprintf(value, size, "%s", part[length] ? part + length + 1 : "");
        return value;
    }
    return NULL;
}

static int steered(const char *word) {
    char value[64];
    return steer(word, value, sizeof value) != NULL;
}

// The number for card `index` in WORD=INDEX:NUMBER, else `otherwise`.
static uint64_t steered_number(const char *word, int index, uint64_t otherwise) {
    char value[64];
    int card;
    unsigned long long number;
    if (!steer(word, value, sizeof value)) return otherwise;
    return sscanf(value, "%d:%llu", &card, &number) == 2 && card == index ? number : otherwise;
}

static int card_count(void) {
    char value[64];
    return steer("cards", value, sizeof value) ? atoi(value) : CARDS;
}

static int driver_status(void) {
    if (steered("driver-not-loaded")) return DRIVER_NOT_LOADED;
    return steered("version-mismatch") ? LIB_RM_VERSION_MISMATCH : SUCCESS;
}

static int status(void) {
    return initialised ? driver_status() : UNINITIALIZED;
}

static struct card *card_of(void *device) {
    for (int i = 0; i < CARDS; i++) if (device == &cards[i]) return &cards[i];
    return NULL;
}

static struct slice *slice_of(void *device) {
    for (int i = 0; i < SLICES; i++) if (device == &slices[i]) return &slices[i];
    return NULL;
}

static int mig_enabled(const struct card *card) { return card->can_mig && !steered("no-mig"); }

// What a call about `device` returns before it is looked at closer.
static int device_status(void *device) {
    int code = status();
    if (code) return code;
    struct card *card = slice_of(device) ? &cards[0] : card_of(device);
    if (!card) return INVALID_ARGUMENT;
    char value[64];
    if (steer("lost", value, sizeof value) && atoi(value) == card - cards) return GPU_IS_LOST;
    return SUCCESS;
}

static int fill(char *text, unsigned size, const char *from) {
    if (strlen(from) + 1 > size) return INSUFFICIENT_SIZE;
    // The rest is not left zero, as the real library promises no more than an ended text.
    memset(text, 'x', size);
    strcpy(text, from);
    return SUCCESS;
}

// How often the library was initialised; for tests only.
int nvmlStandInStarts(void) { return starts; }

int nvmlInit_v2(void) {
    int code = driver_status();
    if (!code) initialised++, starts++;
    return code;
}

int nvmlShutdown(void) {
    if (!initialised) return UNINITIALIZED;
    initialised--;
    return SUCCESS;
}

const char *nvmlErrorString(int code) {
    switch (code) {
    case SUCCESS: return "The operation was successful";
    case UNINITIALIZED: return "Uninitialized";
    case INVALID_ARGUMENT: return "Invalid Argument";
    case NOT_SUPPORTED: return "Not Supported";
    case NOT_FOUND: return "Not Found";
    case INSUFFICIENT_SIZE: return "Insufficient Size";
    case DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case GPU_IS_LOST: return "GPU is lost";
    case LIB_RM_VERSION_MISMATCH: return "RM has detected an NVML/RM version mismatch.";
    default: return "Unknown Error";
    }
}

int nvmlSystemGetDriverVersion(char *text, unsigned size) {
    int code = status();
    return code ? code : fill(text, size, "580.159.04");
}

int nvmlSystemGetCudaDriverVersion_v2(int *version) {
    int code = status();
    if (!code) *version = 13000;
    return code;
}

int nvmlDeviceGetCount_v2(unsigned *count) {
    int code = status();
    if (!code) *count = (unsigned)card_count();
    return code;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    int code = status();
    if (code) return code;
    if (index >= (unsigned)card_count()) return INVALID_ARGUMENT;
    *device = &cards[index];
    return SUCCESS;
}

int nvmlDeviceGetHandleByUUID(const char *uuid, void **device) {
    int code = status();
    if (code) return code;
    *device = NULL;
    for (int i = 0; i < card_count(); i++) if (!strcmp(uuid, cards[i].uuid)) *device = &cards[i];
    for (int i = 0; i < SLICES && mig_enabled(&cards[0]); i++)
        if (!strcmp(uuid, slices[i].uuid)) *device = &slices[i];
    return *device ? SUCCESS : NOT_FOUND;
}

int nvmlDeviceGetUUID(void *device, char *text, unsigned size) {
    int code = status();
    if (code) return code;
    struct slice *slice = slice_of(device);
    struct card *card = card_of(device);
    if (!slice && !card) return INVALID_ARGUMENT;
    return fill(text, size, slice ? slice->uuid : card->uuid);
}

int nvmlDeviceGetName(void *device, char *text, unsigned size) {
    int code = device_status(device);
    if (code) return code;
    struct card *card = card_of(device);
    return fill(text, size, card ? card->name : "Stand-in MIG");
}

int nvmlDeviceGetMinorNumber(void *device, unsigned *minor) {
    int code = device_status(device);
    if (code) return code;
    if (!card_of(device)) return INVALID_ARGUMENT;
    *minor = card_of(device)->minor;
    return SUCCESS;
}

int nvmlDeviceGetPciInfo_v3(void *device, struct pci *pci) {
    int code = device_status(device);
    if (code) return code;
    if (!card_of(device)) return INVALID_ARGUMENT;
    memset(pci, 0xAA, sizeof *pci);
    strcpy(pci->bus_id, card_of(device)->bus_id);
    return SUCCESS;
}

static int memory_of(void *device, uint64_t *total, uint64_t *reserved, uint64_t *used) {
    int code = device_status(device);
    if (code) return code;
    struct slice *slice = slice_of(device);
    struct card *card = card_of(device);
    *total = (slice ? slice->memory_mib : card->total_mib) * MIB;
    *reserved = slice ? 0 : card->reserved_mib * MIB;
    *used = slice ? 0 : steered_number("used", (int)(card - cards), 0) * MIB;
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(void *device, struct memory *memory) {
    uint64_t total, reserved, used;
    int code = memory_of(device, &total, &reserved, &used);
    if (!code) *memory = (struct memory){total, total - reserved - used, reserved + used};
    return code;
}

int nvmlDeviceGetMemoryInfo_v2(void *device, struct memory2 *memory) {
    if (steered("old") || memory->version != (sizeof *memory | 2 << 24))
        return ARGUMENT_VERSION_MISMATCH;
    uint64_t total, reserved, used;
    int code = memory_of(device, &total, &reserved, &used);
    if (code) return code;
    *memory = (struct memory2){memory->version, total, reserved, total - reserved - used, used};
    return SUCCESS;
}

int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor) {
    int code = device_status(device);
    if (code) return code;
    struct card *card = slice_of(device) ? &cards[0] : card_of(device);
    *major = card->major_capability;
    *minor = card->minor_capability;
    return SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *count, struct process *list) {
    int code = device_status(device);
    if (code) return code;
    int index = card_of(device) ? (int)(card_of(device) - cards) : -1;
    unsigned room = *count, all = (unsigned)steered_number("processes", index, 0);
    *count = all;
    if (room < all) {
        // A real list may have grown by the time of the next call.
        if (steered("growing")) *count = room + 1;
        return INSUFFICIENT_SIZE;
    }
    for (unsigned i = 0; i < all; i++) {
        uint64_t used = steered("unknown-use") ? UINT64_MAX : (i + 1) * MIB;
        list[i] = (struct process){1000 + i, used, UINT32_MAX, UINT32_MAX};
    }
    return SUCCESS;
}

int nvmlDeviceGetMigMode(void *device, unsigned *current, unsigned *pending) {
    int code = device_status(device);
    if (code) return code;
    struct card *card = card_of(device);
    if (!card) return INVALID_ARGUMENT;
    if (!card->can_mig) return NOT_SUPPORTED;
    *current = *pending = (unsigned)mig_enabled(card);
    return SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(void *device, unsigned *count) {
    int code = device_status(device);
    if (code) return code;
    *count = card_of(device) && card_of(device)->can_mig ? SLICE_PLACES : 0;
    return SUCCESS;
}

int nvmlDeviceGetMigDeviceHandleByIndex(void *device, unsigned index, void **slice) {
    int code = device_status(device);
    if (code) return code;
    if (card_of(device) != &cards[0] || !mig_enabled(&cards[0])) return INVALID_ARGUMENT;
    for (int i = 0; i < SLICES; i++) {
        if (slices[i].place != (int)index) continue;
        *slice = &slices[i];
        return SUCCESS;
    }
    return NOT_FOUND;
}

int nvmlDeviceGetGpuInstanceId(void *device, unsigned *id) {
    int code = device_status(device);
    if (code) return code;
    if (!slice_of(device)) return NOT_FOUND;
    *id = slice_of(device)->gpu_instance;
    return SUCCESS;
}

int nvmlDeviceGetComputeInstanceId(void *device, unsigned *id) {
    int code = device_status(device);
    if (code) return code;
    if (!slice_of(device)) return NOT_FOUND;
    *id = slice_of(device)->compute_instance;
    return SUCCESS;
}

int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(void *slice, void **device) {
    int code = device_status(slice);
    if (code) return code;
    if (!slice_of(slice)) return INVALID_ARGUMENT;
    *device = &cards[0];
    return SUCCESS;
}

int nvmlDeviceGetAttributes_v2(void *device, struct attributes *attributes) {
    int code = device_status(device);
    if (code) return code;
    if (!slice_of(device)) return INVALID_ARGUMENT;
    memset(attributes, 0, sizeof *attributes);
    attributes->memory_mib = slice_of(device)->memory_mib;
    return SUCCESS;
}
