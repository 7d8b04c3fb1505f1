# prepare: gcc -nostdlib -static -o prog prog.S && gcc -nostdlib -static-pie -o pie prog.S
./prog
./prog more words
./pie
