// A terminal in a few lines, for tests of what people see: it knows the control sequences that the terminal view writes, and no others.
#pragma once

#include <string>
#include <vector>

namespace playbook::testing {

class Screen {
 public:
  Screen(int width, int height) : width_(width), height_(height) {}

  /// What can be read after all that was written, scrolled lines too, without trailing spaces. Throws std::runtime_error on an unknown
  /// sequence.
  std::string show(const std::string& written);

 private:
  void put(const std::string& letter);
  void control(const std::string& parameters, char command);

  int width_, height_;
  std::vector<std::vector<std::string>> lines_{{}};
  size_t row_ = 0, column_ = 0;
};

}  // namespace playbook::testing
