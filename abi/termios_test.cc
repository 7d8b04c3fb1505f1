// The oracle of abi/termios.h: the host's own headers, compared by the compiler.
#include "abi/termios.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(vintr, VINTR);
SAME(vquit, VQUIT);
SAME(verase, VERASE);
SAME(vkill, VKILL);
SAME(veof, VEOF);
SAME(vtime, VTIME);
SAME(vmin, VMIN);
SAME(vswtc, VSWTC);
SAME(vstart, VSTART);
SAME(vstop, VSTOP);
SAME(vsusp, VSUSP);
SAME(veol, VEOL);
SAME(vreprint, VREPRINT);
SAME(vdiscard, VDISCARD);
SAME(vwerase, VWERASE);
SAME(vlnext, VLNEXT);
SAME(veol2, VEOL2);
SAME(ignbrk, IGNBRK);
SAME(brkint, BRKINT);
SAME(ignpar, IGNPAR);
SAME(parmrk, PARMRK);
SAME(inpck, INPCK);
SAME(istrip, ISTRIP);
SAME(inlcr, INLCR);
SAME(igncr, IGNCR);
SAME(icrnl, ICRNL);
SAME(iuclc, IUCLC);
SAME(ixon, IXON);
SAME(ixany, IXANY);
SAME(ixoff, IXOFF);
SAME(imaxbel, IMAXBEL);
SAME(iutf8, IUTF8);
SAME(opost, OPOST);
SAME(olcuc, OLCUC);
SAME(onlcr, ONLCR);
SAME(ocrnl, OCRNL);
SAME(onocr, ONOCR);
SAME(onlret, ONLRET);
SAME(ofill, OFILL);
SAME(ofdel, OFDEL);
SAME(nldly, NLDLY);
SAME(crdly, CRDLY);
SAME(tabdly, TABDLY);
SAME(xtabs, XTABS);
SAME(bsdly, BSDLY);
SAME(vtdly, VTDLY);
SAME(ffdly, FFDLY);
SAME(cbaud, CBAUD);
SAME(b0, B0);
SAME(b9600, B9600);
SAME(b19200, B19200);
SAME(b38400, B38400);
SAME(bother, BOTHER);
SAME(b115200, B115200);
SAME(csize, CSIZE);
SAME(cs5, CS5);
SAME(cs6, CS6);
SAME(cs7, CS7);
SAME(cs8, CS8);
SAME(cstopb, CSTOPB);
SAME(cread, CREAD);
SAME(parenb, PARENB);
SAME(parodd, PARODD);
SAME(hupcl, HUPCL);
SAME(clocal, CLOCAL);
SAME(cibaud, CIBAUD);
SAME(cmspar, CMSPAR);
SAME(crtscts, CRTSCTS);
SAME(isig, ISIG);
SAME(icanon, ICANON);
SAME(xcase, XCASE);
SAME(echo, ECHO);
SAME(echoe, ECHOE);
SAME(echok, ECHOK);
SAME(echonl, ECHONL);
SAME(noflsh, NOFLSH);
SAME(tostop, TOSTOP);
SAME(echoctl, ECHOCTL);
SAME(echoprt, ECHOPRT);
SAME(echoke, ECHOKE);
SAME(flusho, FLUSHO);
SAME(pendin, PENDIN);
SAME(iexten, IEXTEN);
SAME(extproc, EXTPROC);
SAME(tcooff, TCOOFF);
SAME(tcoon, TCOON);
SAME(tcioff, TCIOFF);
SAME(tcion, TCION);
SAME(tciflush, TCIFLUSH);
SAME(tcoflush, TCOFLUSH);
SAME(tcioflush, TCIOFLUSH);
SAME(tcsanow, TCSANOW);
SAME(tcsadrain, TCSADRAIN);
SAME(tcsaflush, TCSAFLUSH);

SAME_SIZE(Termios, struct termios);
SAME_OFFSET(Termios, c_iflag, struct termios, c_iflag);
SAME_OFFSET(Termios, c_oflag, struct termios, c_oflag);
SAME_OFFSET(Termios, c_cflag, struct termios, c_cflag);
SAME_OFFSET(Termios, c_lflag, struct termios, c_lflag);
SAME_OFFSET(Termios, c_line, struct termios, c_line);
SAME_OFFSET(Termios, c_cc, struct termios, c_cc);
SAME_SIZE(Termios2, struct termios2);
SAME_OFFSET(Termios2, c_iflag, struct termios2, c_iflag);
SAME_OFFSET(Termios2, c_oflag, struct termios2, c_oflag);
SAME_OFFSET(Termios2, c_cflag, struct termios2, c_cflag);
SAME_OFFSET(Termios2, c_lflag, struct termios2, c_lflag);
SAME_OFFSET(Termios2, c_line, struct termios2, c_line);
SAME_OFFSET(Termios2, c_cc, struct termios2, c_cc);
SAME_OFFSET(Termios2, c_ispeed, struct termios2, c_ispeed);
SAME_OFFSET(Termios2, c_ospeed, struct termios2, c_ospeed);

}  // namespace limen::abi
