// Terminal settings as the kernel has them (glibc's struct termios is larger).
// Source: termios(3), ioctl_tty(2); include/uapi/asm-generic/{termbits,termbits-common,termios}.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

inline constexpr usize nccs = 19;
struct Termios {
  u32 c_iflag;
  u32 c_oflag;
  u32 c_cflag;
  u32 c_lflag;
  u8 c_line;
  u8 c_cc[nccs];
};

struct Termios2 {
  u32 c_iflag;
  u32 c_oflag;
  u32 c_cflag;
  u32 c_lflag;
  u8 c_line;
  u8 c_cc[nccs];
  u32 c_ispeed;
  u32 c_ospeed;
};

// TCGETA
struct Termio {
  u16 c_iflag;
  u16 c_oflag;
  u16 c_cflag;
  u16 c_lflag;
  u8 c_line;
  u8 c_cc[8];
  u8 pad0;
};
static_assert(sizeof(Termio) == 18);
// TIOCGWINSZ
struct WinSize {
  u16 ws_row;
  u16 ws_col;
  u16 ws_xpixel;
  u16 ws_ypixel;
};
static_assert(sizeof(WinSize) == 8);

// Indices of c_cc
inline constexpr u32 vintr = 0;
inline constexpr u32 vquit = 1;
inline constexpr u32 verase = 2;
inline constexpr u32 vkill = 3;
inline constexpr u32 veof = 4;
inline constexpr u32 vtime = 5;
inline constexpr u32 vmin = 6;
inline constexpr u32 vswtc = 7;
inline constexpr u32 vstart = 8;
inline constexpr u32 vstop = 9;
inline constexpr u32 vsusp = 10;
inline constexpr u32 veol = 11;
inline constexpr u32 vreprint = 12;
inline constexpr u32 vdiscard = 13;
inline constexpr u32 vwerase = 14;
inline constexpr u32 vlnext = 15;
inline constexpr u32 veol2 = 16;

// c_iflag
inline constexpr u32 ignbrk = 01;
inline constexpr u32 brkint = 02;
inline constexpr u32 ignpar = 04;
inline constexpr u32 parmrk = 010;
inline constexpr u32 inpck = 020;
inline constexpr u32 istrip = 040;
inline constexpr u32 inlcr = 0100;
inline constexpr u32 igncr = 0200;
inline constexpr u32 icrnl = 0400;
inline constexpr u32 iuclc = 01000;
inline constexpr u32 ixon = 02000;
inline constexpr u32 ixany = 04000;
inline constexpr u32 ixoff = 010000;
inline constexpr u32 imaxbel = 020000;
inline constexpr u32 iutf8 = 040000;

// c_oflag
inline constexpr u32 opost = 01;
inline constexpr u32 olcuc = 02;
inline constexpr u32 onlcr = 04;
inline constexpr u32 ocrnl = 010;
inline constexpr u32 onocr = 020;
inline constexpr u32 onlret = 040;
inline constexpr u32 ofill = 0100;
inline constexpr u32 ofdel = 0200;
inline constexpr u32 nldly = 0400;
inline constexpr u32 crdly = 03000;
inline constexpr u32 tabdly = 014000;
inline constexpr u32 xtabs = 014000;
inline constexpr u32 bsdly = 020000;
inline constexpr u32 vtdly = 040000;
inline constexpr u32 ffdly = 0100000;

// c_cflag: the speed is a number in the bits of CBAUD.
inline constexpr u32 cbaud = 010017;
inline constexpr u32 b0 = 0;
inline constexpr u32 b9600 = 015;
inline constexpr u32 b19200 = 016;
inline constexpr u32 b38400 = 017;
inline constexpr u32 bother = 010000;
inline constexpr u32 b115200 = 010002;
inline constexpr u32 csize = 060;
inline constexpr u32 cs5 = 0;
inline constexpr u32 cs6 = 020;
inline constexpr u32 cs7 = 040;
inline constexpr u32 cs8 = 060;
inline constexpr u32 cstopb = 0100;
inline constexpr u32 cread = 0200;
inline constexpr u32 parenb = 0400;
inline constexpr u32 parodd = 01000;
inline constexpr u32 hupcl = 02000;
inline constexpr u32 clocal = 04000;
inline constexpr u32 cibaud = 02003600000;
inline constexpr u32 cmspar = 010000000000;
inline constexpr u32 crtscts = 020000000000;

// c_lflag
inline constexpr u32 isig = 01;
inline constexpr u32 icanon = 02;
inline constexpr u32 xcase = 04;
inline constexpr u32 echo = 010;
inline constexpr u32 echoe = 020;
inline constexpr u32 echok = 040;
inline constexpr u32 echonl = 0100;
inline constexpr u32 noflsh = 0200;
inline constexpr u32 tostop = 0400;
inline constexpr u32 echoctl = 01000;
inline constexpr u32 echoprt = 02000;
inline constexpr u32 echoke = 04000;
inline constexpr u32 flusho = 010000;
inline constexpr u32 pendin = 040000;
inline constexpr u32 iexten = 0100000;
inline constexpr u32 extproc = 0200000;

// tcflow(3), tcflush(3), tcsetattr(3)
inline constexpr u32 tcooff = 0;
inline constexpr u32 tcoon = 1;
inline constexpr u32 tcioff = 2;
inline constexpr u32 tcion = 3;
inline constexpr u32 tciflush = 0;
inline constexpr u32 tcoflush = 1;
inline constexpr u32 tcioflush = 2;
inline constexpr u32 tcsanow = 0;
inline constexpr u32 tcsadrain = 1;
inline constexpr u32 tcsaflush = 2;

}  // namespace limen::abi
