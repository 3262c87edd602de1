#include "base/term.h"

#include <gtest/gtest.h>

namespace rowpage {
namespace {

struct Screen {
  std::string text;
  Millis now = 0;
  Progress progress(Terminal terminal) {
    return {terminal, [this](std::string_view more) { text += more; }, [this] { return now; }};
  }
};

TEST(Progress, writes_a_line_each_ten_seconds_where_there_is_no_terminal) {
  Screen screen;
  auto progress = screen.progress({false, false, 80});
  for (int second = 0; second <= 35; ++second) {
    screen.now = second * second_ms;
    progress.update("reading pages", static_cast<std::uint64_t>(second * 100), 5000);
  }
  EXPECT_EQ(screen.text, "reading pages: 1,000 / 5,000\nreading pages: 2,000 / 5,000\nreading pages: 3,000 / 5,000\n");
}

TEST(Progress, short_work_shows_nothing) {
  Screen screen;
  auto progress = screen.progress({true, false, 80});
  progress.update("x", 0, 10);
  screen.now = 400;
  progress.update("x", 10, 10);
  progress.clear();
  EXPECT_EQ(screen.text, "");
}

TEST(Progress, a_bar_never_is_wider_than_the_terminal) {
  for (int columns : {40, 60, 200}) {
    Screen screen;
    auto progress = screen.progress({true, false, columns});
    progress.update("Decision  reading pages with a long name of the work", 0, 1000000);
    screen.now = 10 * second_ms;
    progress.update("Decision  reading pages with a long name of the work", 500000, 1000000);
    ASSERT_TRUE(screen.text.starts_with("\r\x1b[K"));
    EXPECT_LT(screen.text.size() - 4, static_cast<std::size_t>(columns));
  }
}

TEST(Printable, takes_control_characters_out) {
  EXPECT_EQ(printable("a\x1b[2Jb"), "a\xEF\xBF\xBD[2Jb");
  EXPECT_EQ(printable("a\nb\tc"), "a b c");
  EXPECT_EQ(printable("a\nb", true), "a\nb");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "\xEF\xBF\xBD"
            "31m");
  EXPECT_EQ(printable("Grüße 🎉"), "Grüße 🎉");
}

TEST(Grouped, sets_a_comma_every_three_digits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

}  // namespace
}  // namespace rowpage
