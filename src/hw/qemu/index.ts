/** The driver of servers that are QEMU virtual machines on this host. */
export { QEMU_DRIVER, qemuDriver, type QemuPrograms } from './driver.js';
