/*
 * The guest of the example, the end-to-end tests and the benchmark: process 1 of a machine that has nothing else.
 *
 * It keeps a table of sequence numbers in memory and the same numbers in blocks on its disk. Before it overwrites a
 * block it compares what the block holds with what memory remembers, and now and then it compares all of them. Memory
 * and disk that are not of one instant disagree, and it says so on the console, a line for each finding:
 *
 *   boot uptime <s> disk <bytes> highest <n>   it was booted; the table was read from the disk
 *   tick <n> seq <n> gap <ms>                  one round of writes; gap: time since the round before
 *   check <n> bad <n>                          all blocks were compared
 *   disagree tick <n> block <n> ram <n> disk <n>
 *   diskerror <text>
 *
 * A line on the console is an order: panic, poweroff, reboot.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, WORDS = BLOCK / 4, PAGE = 4096 };

static int console;
static int disk = -1;
static char options[2048];

/* One write for a line, so that nothing else on the console tears it. */
static void say(const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (write(console, line, length) < 0)
        return;
}

static void read_options(void)
{
    int file = open("/proc/cmdline", O_RDONLY);
    ssize_t length = read(file, options, sizeof options - 1);
    options[length > 0 ? length : 0] = 0;
    close(file);
}

static long option(const char *name, long otherwise)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "rk.%s=", name);
    const char *found = strstr(options, wanted);
    return found ? atol(found + strlen(wanted)) : otherwise;
}

static void load_modules(void)
{
    static const char *const names[] = {"virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev",
                                        "virtio_pci", "virtio_blk", "pvpanic", "pvpanic-mmio", "pvpanic-pci"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        snprintf(path, sizeof path, "/modules/%s.ko", names[i]);
        int file = open(path, O_RDONLY);
        if (file < 0)
            continue; /* This kernel has it built in, or does not have it. */
        syscall(SYS_finit_module, file, "", 0);
        close(file);
    }
}

static uint64_t open_disk(void)
{
    uint64_t bytes = 0;
    for (int i = 0; i < 200 && disk < 0; i++) {
        disk = open("/dev/vda", O_RDWR | O_DIRECT);
        if (disk < 0)
            usleep(10000);
    }
    if (disk >= 0)
        ioctl(disk, BLKGETSIZE64, &bytes);
    return bytes;
}

static int read_block(uint32_t *block, long index)
{
    if (pread(disk, block, BLOCK, index * (off_t)BLOCK) == BLOCK)
        return 1;
    say("diskerror read: %s\n", strerror(errno));
    sleep(1);
    return 0;
}

static int write_block(uint32_t *block, long index, uint32_t value)
{
    for (int word = 0; word < WORDS; word++)
        block[word] = value;
    if (pwrite(disk, block, BLOCK, index * (off_t)BLOCK) == BLOCK)
        return 1;
    say("diskerror write: %s\n", strerror(errno));
    sleep(1);
    return 0;
}

static void obey(void)
{
    char order[64] = {0};
    if (read(console, order, sizeof order - 1) <= 0)
        return;
    if (strstr(order, "poweroff"))
        reboot(RB_POWER_OFF);
    if (strstr(order, "reboot"))
        reboot(RB_AUTOBOOT);
    if (strstr(order, "panic")) {
        int trigger = open("/proc/sysrq-trigger", O_WRONLY);
        if (write(trigger, "c", 1) < 0)
            say("diskerror sysrq: %s\n", strerror(errno));
    }
}

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(void)
{
    mkdir("/proc", 0755);
    mkdir("/dev", 0755);
    mount("none", "/proc", "proc", 0, 0);
    mount("none", "/dev", "devtmpfs", 0, 0);
    console = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_NONBLOCK);
    read_options();
    load_modules();
    uint64_t disk_bytes = open_disk();

    long blocks = option("blocks", 1024), writes = option("writes", 8), pause_ms = option("ms", 50);
    long ram_mib = option("ram", 32), dirty_mib = option("dirty", 1), check_every = option("check", 10);
    if (disk_bytes && (uint64_t)blocks > disk_bytes / BLOCK)
        blocks = disk_bytes / BLOCK;

    uint32_t *table = calloc(blocks, sizeof *table), *block, seq = 0;
    if (posix_memalign((void **)&block, BLOCK, BLOCK))
        return 1;
    for (long i = 0; disk >= 0 && i < blocks; i++) {
        if (!read_block(block, i))
            break;
        table[i] = block[0];
        if (block[0] > seq)
            seq = block[0];
    }
    /* Memory with something in it, so that saving it is work. */
    unsigned random = 12345;
    uint32_t *ram = malloc(ram_mib << 20);
    for (long i = 0; i < (ram_mib << 18); i++)
        ram[i] = random = random * 1103515245 + 12345;
    say("boot uptime %ld disk %llu highest %u\n", now_ms() / 1000, (unsigned long long)disk_bytes, seq);

    long before = now_ms();
    for (long tick = 1;; tick++) {
        for (long i = 0; i < writes && disk >= 0; i++) {
            random = random * 1103515245 + 12345;
            long index = (random >> 8) % blocks;
            if (!read_block(block, index))
                continue;
            if (block[0] != table[index] || block[WORDS - 1] != table[index])
                say("disagree tick %ld block %ld ram %u disk %u\n", tick, index, table[index], block[0]);
            if (write_block(block, index, seq + 1))
                table[index] = ++seq;
        }
        for (long i = 0; i < dirty_mib << 8; i++) {
            random = random * 1103515245 + 12345;
            ram[((random >> 4) % (ram_mib << 8)) * (PAGE / 4)] = tick;
        }
        long now = now_ms();
        say("tick %ld seq %u gap %ld\n", tick, seq, now - before);
        before = now;
        if (check_every && tick % check_every == 0 && disk >= 0) {
            long bad = 0;
            for (long i = 0; i < blocks; i++)
                bad += !read_block(block, i) || block[0] != table[i];
            say("check %ld bad %ld\n", tick, bad);
        }
        obey();
        usleep(pause_ms * 1000);
    }
}
