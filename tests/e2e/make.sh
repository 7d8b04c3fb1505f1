# timeout: 120
# sort: both
for i in 1 2 3 4 5 6; do echo "int f$i(void) { return $i; }" > f$i.c; done
{ echo '#include <stdio.h>'; for i in 1 2 3 4 5 6; do echo "int f$i(void);"; done; echo 'int main(void) { printf("%d\n", f1()+f2()+f3()+f4()+f5()+f6()); return 0; }'; } > main.c
cat > Makefile <<'END'
OBJ = $(patsubst %.c,%.o,$(wildcard *.c))
all: prog
	./prog
prog: $(OBJ)
	$(CC) -o $@ $^
%.o: %.c
	$(CC) -O1 -c $< -o $@
fail:
	exit 3
.PHONY: all fail
END
make -j2; make -q; echo "up to date $?"; touch f3.c; make -j2; make fail; echo "fail $?"; make nonesuch; echo "none $?"; make -n -B | wc -l
