# timeout: 120
cat > hello.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct node { struct node *left, *right; int key; };
static struct node *insert(struct node *n, int key) {
  if (!n) { n = calloc(1, sizeof *n); n->key = key; return n; }
  if (key < n->key) n->left = insert(n->left, key); else n->right = insert(n->right, key);
  return n;
}
static long sum(struct node *n) { return n ? sum(n->left) + n->key + sum(n->right) : 0; }
int main(int argc, char **argv) {
  struct node *root = 0;
  for (int i = 0; i < 1000; i++) root = insert(root, (i * 7919) % 1009);
  printf("%ld %d %s\n", sum(root), argc, argv[argc - 1]);
  return 42;
}
END
cat > hello.cc <<'END'
#include <algorithm>
#include <future>
#include <iostream>
#include <map>
#include <regex>
#include <stdexcept>
#include <thread>
#include <vector>
int main() {
  std::vector<int> v(1000); int n = 0; for (auto& x : v) x = n++ * 37 % 1000;
  std::sort(v.begin(), v.end()); std::map<std::string, int> m{{"a", 1}, {"b", 2}};
  auto f = std::async(std::launch::async, [] { return 6 * 7; });
  std::thread t([] {}); t.join();
  try { throw std::runtime_error("thrown"); } catch (const std::exception& e) { std::cout << e.what() << "\n"; }
  std::cout << v[999] << " " << m["b"] << " " << f.get() << " " << std::regex_match("abc", std::regex("a.c")) << std::endl;
}
END
gcc -O2 -Wall hello.c -o hello && ./hello last; echo $?
gcc -static hello.c -o hello-static && ./hello-static; echo $?
g++ -O1 -pthread hello.cc -o hellocc && ./hellocc; echo $?
echo 'int f(void) { return 5 }' > bad.c; gcc -c bad.c; echo $?
gcc -c hello.c -o hello.o && ar rcs libh.a hello.o && nm libh.a | grep -c ' T ' && gcc -shared -fPIC -x c - -o libx.so <<< 'int x(void) { return 9; }' && file hello.o | cut -d, -f1
echo 'int x(void); int main(void) { return x(); }' | gcc -x c - -L. -lx -Wl,-rpath,. -o usex && ./usex; echo $?
gcc -E - <<< '#define A 1
A' | tail -1; gcc -S hello.c && grep -c main hello.s
