# Access lists as cp(1), mv(1), ls(1), chmod(1) and mkdir(1) meet them; the host's own are seen and copied up.
# prepare: python3 -c "import os, struct; os.setxattr('job.sh', 'system.posix_acl_access', struct.pack('<I' + 'HHI' * 5, 2, 1, 6, 2**32 - 1, 2, 4, 12345, 4, 4, 2**32 - 1, 16, 6, 2**32 - 1, 32, 0, 2**32 - 1))"
set -e
cat >acl.py <<'END'
import errno, os, struct, sys
NOBODY = 2**32 - 1
TAGS = {1: "user:", 2: "user:", 4: "group:", 8: "group:", 16: "mask:", 32: "other:"}
def show(path):
    for name in ("access", "default"):
        try:
            value = os.getxattr(path, "system.posix_acl_" + name)
        except OSError as error:
            print(path, name, errno.errorcode[error.errno])
            continue
        entries = [struct.unpack_from("<HHI", value, at) for at in range(4, len(value), 8)]
        print(path, name, *(TAGS[tag] + ("" if who == NOBODY else str(who)) + ":" + str(bits) for tag, bits, who in entries))
def give(path, name, *entries):
    value = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    os.setxattr(path, "system.posix_acl_" + name, value)
if sys.argv[1] == "give":
    give(sys.argv[2], sys.argv[3], (1, 7, NOBODY), (2, 6, 1234), (4, 5, NOBODY), (8, 4, 77), (16, 7, NOBODY), (32, 1, NOBODY))
else:
    for path in sys.argv[2:]:
        show(path)
END
acl() { python3 acl.py "$@"; }
modes() { ls -ld "$@" | cut -c1-11; }
umask 027

modes job.sh
acl show job.sh
chmod g-w job.sh
acl show job.sh
cp -a job.sh copy
acl show copy

echo text >f
acl give f access
modes f
cp -a f g
cp f plain
mv g h
acl show h plain
modes h plain
chmod 640 h
acl show h

mkdir d
acl give d default
mkdir d/sub
echo text >d/file
touch d/empty
modes d d/sub d/file d/empty
acl show d/sub d/file
cp -a d e
acl show e e/sub e/file
cp -r d r
acl show r
tar cf d.tar d
ls -l h | wc -l
