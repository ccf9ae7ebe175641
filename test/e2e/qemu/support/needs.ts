import type { Component } from '../../../support/require.js';

/** What every suite on real QEMU needs. */
export const QEMU: readonly Component[] = ['qemu-system-x86_64', 'qemu-img', 'cloud kernel', 'gcc', 'cpio'];
