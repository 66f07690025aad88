#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# smp.sh once more, in a virtual machine of its own with four processors (vm.smp4 in settings).
exec bash "$(dirname "$0")/smp.sh"
