# shell: /usr/bin/perl
use strict; use warnings; use POSIX ":sys_wait_h"; use File::Temp qw(tempdir); use Time::HiRes qw(sleep); use Digest::MD5 qw(md5_hex);
$| = 1; print "perl ", md5_hex("abc"), "\n"; my %h = map { $_ => $_ ** 2 } 1 .. 5; print join(",", map { "$_=$h{$_}" } sort keys %h), "\n";
open(my $f, ">", "f") or die; print $f "line $_\n" for 1 .. 10; close $f; open($f, "<", "f") or die; my @l = <$f>; print scalar(@l), " $l[-1]";
my $pid = fork(); if (!$pid) { exit 6 } waitpid($pid, 0); print $? >> 8, "\n"; print `echo from shell; exit 3`, $? >> 8, "\n";
pipe(my $r, my $w); if (!fork()) { close $r; print $w "through a pipe\n"; exit 0 } close $w; print <$r>; wait;
local $SIG{ALRM} = sub { print "alarm\n" }; alarm 1; select(undef, undef, undef, 3); local $SIG{USR1} = sub { print "usr1\n" }; kill "USR1", $$;
eval { local $SIG{ALRM} = sub { die "late\n" }; alarm 1; while (1) { } }; print "caught $@";
my $d = tempdir(CLEANUP => 1); mkdir "$d/$_" for qw(a b c); opendir(my $dh, $d); print join(" ", sort grep { !/^\./ } readdir $dh), "\n";
my @s = stat("f"); printf "%o %d\n", $s[2] & 07777, $s[7]; rename "f", "g"; print -e "f" ? "there" : "gone", "\n"; unlink "g"; system("sh", "-c", "kill -9 \$\$"); print $? & 127, "\n";
use IO::Socket::INET; my $srv = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die; my $port = $srv->sockport;
if (!fork()) { my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port); print $c "net\n"; exit 0 } my $c = $srv->accept; print scalar <$c>; wait; die "the end\n";
