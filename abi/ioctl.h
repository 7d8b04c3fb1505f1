// The commands of ioctl(2) that Limen's files know.
// Source: ioctl(2), ioctl_tty(2), ioctl_iflags(2); include/uapi/asm-generic/{ioctl,ioctls}.h, include/uapi/linux/{fs,sockios}.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

// How the newer commands are built: direction, size of the argument, type, number.
inline constexpr u32 ioc_none = 0;
inline constexpr u32 ioc_write = 1;
inline constexpr u32 ioc_read = 2;
constexpr u32 ioc(u32 dir, u32 type, u32 nr, u32 size) { return dir << 30 | size << 16 | type << 8 | nr; }
constexpr u32 ioc_nr(u32 cmd) { return cmd & 0xff; }
constexpr u32 ioc_type(u32 cmd) { return cmd >> 8 & 0xff; }
constexpr u32 ioc_size(u32 cmd) { return cmd >> 16 & 0x3fff; }
constexpr u32 ioc_dir(u32 cmd) { return cmd >> 30; }

// Any descriptor
inline constexpr u32 fionclex = 0x5450;
inline constexpr u32 fioclex = 0x5451;
inline constexpr u32 fionbio = 0x5421;
inline constexpr u32 fioasync = 0x5452;
inline constexpr u32 fioqsize = 0x5460;
inline constexpr u32 fionread = 0x541b;

// Terminals: ioctl_tty(2)
inline constexpr u32 tcgets = 0x5401;
inline constexpr u32 tcsets = 0x5402;
inline constexpr u32 tcsetsw = 0x5403;
inline constexpr u32 tcsetsf = 0x5404;
inline constexpr u32 tcgeta = 0x5405;
inline constexpr u32 tcseta = 0x5406;
inline constexpr u32 tcsetaw = 0x5407;
inline constexpr u32 tcsetaf = 0x5408;
inline constexpr u32 tcsbrk = 0x5409;
inline constexpr u32 tcxonc = 0x540a;
inline constexpr u32 tcflsh = 0x540b;
inline constexpr u32 tcsbrkp = 0x5425;
inline constexpr u32 tcgets2 = 0x802c542a;
inline constexpr u32 tcsets2 = 0x402c542b;
inline constexpr u32 tcsetsw2 = 0x402c542c;
inline constexpr u32 tcsetsf2 = 0x402c542d;
inline constexpr u32 tiocexcl = 0x540c;
inline constexpr u32 tiocnxcl = 0x540d;
inline constexpr u32 tiocsctty = 0x540e;
inline constexpr u32 tiocgpgrp = 0x540f;
inline constexpr u32 tiocspgrp = 0x5410;
inline constexpr u32 tiocoutq = 0x5411;
inline constexpr u32 tiocsti = 0x5412;
inline constexpr u32 tiocgwinsz = 0x5413;
inline constexpr u32 tiocswinsz = 0x5414;
inline constexpr u32 tiocmget = 0x5415;
inline constexpr u32 tiocmbis = 0x5416;
inline constexpr u32 tiocmbic = 0x5417;
inline constexpr u32 tiocmset = 0x5418;
inline constexpr u32 tiocgsoftcar = 0x5419;
inline constexpr u32 tiocssoftcar = 0x541a;
inline constexpr u32 tiocinq = 0x541b;
inline constexpr u32 tioclinux = 0x541c;
inline constexpr u32 tioccons = 0x541d;
inline constexpr u32 tiocgserial = 0x541e;
inline constexpr u32 tiocsserial = 0x541f;
inline constexpr u32 tiocpkt = 0x5420;
inline constexpr u32 tiocnotty = 0x5422;
inline constexpr u32 tiocsetd = 0x5423;
inline constexpr u32 tiocgetd = 0x5424;
inline constexpr u32 tiocsbrk = 0x5427;
inline constexpr u32 tioccbrk = 0x5428;
inline constexpr u32 tiocgsid = 0x5429;
inline constexpr u32 tiocgptn = 0x80045430;
inline constexpr u32 tiocsptlck = 0x40045431;
inline constexpr u32 tiocgdev = 0x80045432;
inline constexpr u32 tiocsig = 0x40045436;
inline constexpr u32 tiocvhangup = 0x5437;
inline constexpr u32 tiocgpkt = 0x80045438;
inline constexpr u32 tiocgptlck = 0x80045439;
inline constexpr u32 tiocgexcl = 0x80045440;
inline constexpr u32 tiocgptpeer = 0x5441;
inline constexpr u32 tiocglcktrmios = 0x5456;
inline constexpr u32 tiocslcktrmios = 0x5457;

// TIOCPKT: the first byte read of a master in packet mode.
inline constexpr u32 tiocpkt_data = 0;
inline constexpr u32 tiocpkt_flushread = 1;
inline constexpr u32 tiocpkt_flushwrite = 2;
inline constexpr u32 tiocpkt_stop = 4;
inline constexpr u32 tiocpkt_start = 8;
inline constexpr u32 tiocpkt_nostop = 0x10;
inline constexpr u32 tiocpkt_dostop = 0x20;
inline constexpr u32 tiocpkt_ioctl = 0x40;

// Files and filesystems
inline constexpr u32 fs_ioc_getflags = 0x80086601;
inline constexpr u32 fs_ioc_setflags = 0x40086602;
inline constexpr u32 fs_ioc_getversion = 0x80087601;
inline constexpr u32 fs_ioc_fsgetxattr = 0x801c581f;
inline constexpr u32 fs_ioc_fssetxattr = 0x401c5820;
inline constexpr u32 fs_ioc_fiemap = 0xc020660b;
inline constexpr u32 ficlone = 0x40049409;
inline constexpr u32 ficlonerange = 0x4020940d;
inline constexpr u32 fideduperange = 0xc0189436;
inline constexpr u32 fibmap = 1;
inline constexpr u32 fs_ioc_getfsuuid = 0x80111500;
inline constexpr u32 fs_ioc_getfssysfspath = 0x80811501;
inline constexpr u32 figetbsz = 2;
inline constexpr u32 fifreeze = 0xc0045877;
inline constexpr u32 fithaw = 0xc0045878;
inline constexpr u32 fitrim = 0xc0185879;
inline constexpr u32 blkgetsize64 = 0x80081272;
inline constexpr u32 blksszget = 0x1268;

struct FileCloneRange {  // struct file_clone_range
  i64 src_fd;
  u64 src_offset, src_length, dest_offset;
};
struct FileDedupeRange {  // struct file_dedupe_range, before its info[dest_count]
  u64 src_offset, src_length;
  u16 dest_count, reserved1;
  u32 reserved2;
};
inline constexpr u32 file_dedupe_range_info_size = 32;

// Sockets
inline constexpr u32 siocatmark = 0x8905;
inline constexpr u32 siocspgrp = 0x8902;
inline constexpr u32 siocgpgrp = 0x8904;
inline constexpr u32 fiosetown = 0x8901;
inline constexpr u32 fiogetown = 0x8903;
inline constexpr u32 siocinq = 0x541b;
inline constexpr u32 siocoutq = 0x5411;
inline constexpr u32 siocgstamp_old = 0x8906;
inline constexpr u32 siocgstampns_old = 0x8907;
inline constexpr u32 siocgifname = 0x8910;
inline constexpr u32 siocgifconf = 0x8912;
inline constexpr u32 siocgifflags = 0x8913;
inline constexpr u32 siocsifflags = 0x8914;
inline constexpr u32 siocgifaddr = 0x8915;
inline constexpr u32 siocsifaddr = 0x8916;
inline constexpr u32 siocgifdstaddr = 0x8917;
inline constexpr u32 siocgifbrdaddr = 0x8919;
inline constexpr u32 siocgifnetmask = 0x891b;
inline constexpr u32 siocgifmetric = 0x891d;
inline constexpr u32 siocgifmtu = 0x8921;
inline constexpr u32 siocgifhwaddr = 0x8927;
inline constexpr u32 siocgifindex = 0x8933;
inline constexpr u32 siocgiftxqlen = 0x8942;
inline constexpr u32 siocethtool = 0x8946;

// Namespaces: ioctl_ns(2)
inline constexpr u32 ns_get_userns = 0xb701;
inline constexpr u32 ns_get_parent = 0xb702;
inline constexpr u32 ns_get_nstype = 0xb703;
inline constexpr u32 ns_get_owner_uid = 0xb704;

}  // namespace limen::abi
