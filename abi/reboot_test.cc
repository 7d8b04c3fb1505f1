#include "abi/reboot.h"

#include <linux/reboot.h>

#include "abi/same_test.h"

namespace limen {

SAME(reboot_magic1, LINUX_REBOOT_MAGIC1);
SAME(reboot_magic2, LINUX_REBOOT_MAGIC2);
SAME(reboot_magic2a, LINUX_REBOOT_MAGIC2A);
SAME(reboot_magic2b, LINUX_REBOOT_MAGIC2B);
SAME(reboot_magic2c, LINUX_REBOOT_MAGIC2C);
SAME(reboot_restart, LINUX_REBOOT_CMD_RESTART);
SAME(reboot_halt, LINUX_REBOOT_CMD_HALT);
SAME(reboot_power_off, LINUX_REBOOT_CMD_POWER_OFF);
SAME(reboot_restart2, LINUX_REBOOT_CMD_RESTART2);

}  // namespace limen
