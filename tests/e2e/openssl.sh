# timeout: 60
# normalise: \b\d+(\.\d+)?k?\b => N
# normalise: ^built on:.* => B
# normalise: ^(options|compiler|CPUINFO|version):.* => C
openssl version > /dev/null; echo $?; echo -n abc | openssl dgst -sha256; openssl rand -hex 8 | wc -c; openssl genrsa -out k 1024 2>/dev/null; openssl rsa -in k -check -noout
echo secret | openssl enc -aes-128-cbc -pbkdf2 -k pw -out e && openssl enc -d -aes-128-cbc -pbkdf2 -k pw -in e
openssl speed -seconds 1 -bytes 1024 sha256 > speed 2> err; echo $?; grep -c sha256 speed
