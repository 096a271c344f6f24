// What the command knows about where it is read: a terminal or a pipe, its width, colours, letters; and text made safe to show there.
// Plain facts, so that tests hand in their own.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace playbook::cli {

struct Terminal {
  bool interactive = false;  ///< standard output is a terminal that understands cursor movements
  bool can_ask = false;      ///< a person is there to answer: a terminal to write the question to and one to read the answer from
  bool colours = false;
  bool unicode = false;                             ///< the locale's letters are UTF-8
  std::function<int()> width = [] { return 80; };   ///< columns now
  std::function<int()> height = [] { return 24; };  ///< lines now
};

/// The facts of this process: isatty, TERM, NO_COLOR (https://no-color.org), locale variables.
Terminal detect_terminal();

enum class Colour { none, bold, dim, red, green, yellow, cyan };

/// Puts colour around a text, or leaves it alone.
class Paint {
 public:
  explicit Paint(bool colours) : colours_(colours) {}
  std::string operator()(Colour colour, std::string_view text) const;

 private:
  bool colours_;
};

/// The marks in front of lines.
struct Marks {
  const char *ok, *failed, *open, *note, *warning, *unknown;
  const char* const* spinner;  ///< `spinner_length` pictures
  int spinner_length;
};
const Marks& marks(bool unicode);

/// Control characters (escape sequences in what a child printed) as `?`, tabs as a space; line breaks stay.
std::string printable(std::string_view text);
/// `printable`, and line breaks as a space.
std::string one_line(std::string_view text);
/// Columns that a text takes on a terminal.
int columns(std::string_view text);
/// The text in at most `width` columns, with `…` (or `...`) where it was cut.
std::string clip(const std::string& text, int width, bool unicode);

/// Rows of cells as aligned columns, two spaces between; the last column is not padded. Each line ends with a newline.
std::string table(const std::vector<std::vector<std::string>>& rows, const std::string& indent = "");

}  // namespace playbook::cli
