# A static program of another C library.
# needs: /usr/bin/musl-gcc
# prepare: musl-gcc -static -O1 -o prog prog.c
./prog
./prog one two
