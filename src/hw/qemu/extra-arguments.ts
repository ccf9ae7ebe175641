/**
 * Further QEMU arguments that an inventory may give. Everything that reaches beyond the guest (files, sockets,
 * other disks, other monitors) or that this driver sets itself is left out; what is not listed is refused.
 */
const OPTIONS: Readonly<Record<string, RegExp>> = {
  '-device':
    /^(pvpanic|pvpanic-pci|i6300esb|virtio-rng-pci|virtio-balloon-pci|vmgenid|usb-tablet|qemu-xhci)(,[a-z][\w.-]*=[\w.:-]+)*$/,
  '-object': /^rng-(builtin|random),id=[\w-]+(,filename=\/dev\/u?random)?$/,
  '-rtc': /^[\w=,:.-]+$/,
  '-smbios': /^type=\d+(,[a-z][\w-]*=[\w .:/-]+)*$/,
  '-global': /^[\w.-]+=[\w.-]+$/,
  '-boot': /^[\w=,]+$/,
  '-action': /^(panic=(pause|shutdown|none)|reboot=(reset|shutdown)|watchdog=[a-z-]+)(,[a-z]+=[a-z-]+)*$/,
  '-watchdog-action': /^(reset|shutdown|poweroff|pause|none|inject-nmi)$/,
  '-uuid': /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  '-vga': /^(none|std|virtio)$/,
};

/** What is wrong with the arguments, null when nothing is. */
export function extraArgumentsProblem(given: readonly string[]): string | null {
  for (let index = 0; index < given.length; index += 2) {
    const option = given[index] ?? '';
    const value = given[index + 1];
    const allowed = Object.hasOwn(OPTIONS, option) ? OPTIONS[option] : undefined;
    if (allowed === undefined) {
      return `${JSON.stringify(option)} is not allowed; allowed are ${Object.keys(OPTIONS).join(', ')}, each followed by its value`;
    }
    if (value === undefined) return `${option} needs a value after it`;
    if (!allowed.test(value)) {
      return `${option} ${JSON.stringify(value)} is not allowed; it has to match ${String(allowed)}`;
    }
  }
  return null;
}
