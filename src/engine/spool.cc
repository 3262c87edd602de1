#include "engine/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace rowpage {
namespace {

constexpr std::size_t buffer_bytes = 256 << 10;

// Plain binary, read back by the same process only.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void number(std::uint64_t n) {
    while (n >= 0x80) {
      out_ += static_cast<char>(n | 0x80);
      n >>= 7;
    }
    out_ += static_cast<char>(n);
  }
  void time(Millis ms) { number((static_cast<std::uint64_t>(ms) << 1) ^ static_cast<std::uint64_t>(ms >> 63)); }
  void time(const std::optional<Millis>& ms) {
    flag(ms.has_value());
    if (ms) time(*ms);
  }
  void flag(bool b) { out_ += b ? '\1' : '\0'; }
  void text(std::string_view s) {
    number(s.size());
    out_ += s;
  }
  void value(const Value& v) {
    number(v.index());
    if (const auto* b = std::get_if<bool>(&v)) flag(*b);
    if (const auto* d = std::get_if<double>(&v)) out_.append(reinterpret_cast<const char*>(d), sizeof *d);
    if (const auto* s = std::get_if<std::string>(&v)) text(*s);
    if (const auto* span = std::get_if<DateSpan>(&v)) {
      time(span->start_ms);
      time(span->end_ms);
      flag(span->has_time);
    }
    if (const auto* names = std::get_if<TextList>(&v)) list(*names, [this](const std::string& s) { text(s); });
  }
  template <class T, class F>
  void list(const std::vector<T>& items, F write) {
    number(items.size());
    for (const auto& item : items) write(item);
  }
  void values(const Values& all) {
    list(all, [this](const Value& v) { value(v); });
  }
  void times(const Times& all) {
    list(all, [this](const std::optional<Millis>& ms) { time(ms); });
  }
  void changes(const std::vector<Change>& all) {
    list(all, [this](const Change& c) {
      number(c.field);
      value(c.value);
    });
  }
  void unreadable(const std::vector<Unreadable>& all) {
    list(all, [this](const Unreadable& u) {
      number(u.field);
      text(u.why);
      text(u.hint);
    });
  }

 private:
  std::string& out_;
};

class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  std::uint64_t number() {
    std::uint64_t n = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(in_.front());
      in_.remove_prefix(1);
      n |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return n;
    }
  }
  Millis time() {
    const std::uint64_t n = number();
    return static_cast<Millis>(n >> 1) ^ -static_cast<Millis>(n & 1);
  }
  std::optional<Millis> maybe_time() {
    if (!flag()) return std::nullopt;
    return time();
  }
  bool flag() {
    const bool b = in_.front() != '\0';
    in_.remove_prefix(1);
    return b;
  }
  std::string text() {
    const std::size_t size = number();
    std::string s(in_.substr(0, size));
    in_.remove_prefix(size);
    return s;
  }
  Value value() {
    switch (number()) {
      case 1:
        return flag();
      case 2: {
        double d = 0;
        std::memcpy(&d, in_.data(), sizeof d);
        in_.remove_prefix(sizeof d);
        return d;
      }
      case 3:
        return text();
      case 4: {
        DateSpan span;
        span.start_ms = time();
        span.end_ms = maybe_time();
        span.has_time = flag();
        return span;
      }
      case 5:
        return list<std::string>([this] { return text(); });
      default:
        return Null{};
    }
  }
  template <class T, class F>
  std::vector<T> list(F read) {
    std::vector<T> items;
    const std::size_t size = number();
    items.reserve(size);
    for (std::size_t i = 0; i < size; ++i) items.push_back(read());
    return items;
  }
  Values values() {
    return list<Value>([this] { return value(); });
  }
  Times times() {
    return list<std::optional<Millis>>([this] { return maybe_time(); });
  }
  std::vector<Change> changes() {
    return list<Change>([this] {
      const std::size_t field = number();
      return Change{field, value()};
    });
  }
  std::vector<std::size_t> numbers() {
    return list<std::size_t>([this] { return static_cast<std::size_t>(number()); });
  }
  std::vector<Unreadable> unreadable() {
    return list<Unreadable>([this] {
      const std::size_t field = number();
      std::string why = text();
      return Unreadable{field, std::move(why), text()};
    });
  }

 private:
  std::string_view in_;
};

void write(Writer& out, const Page& page) {
  out.text(page.id);
  out.time(page.created_ms);
  out.time(page.edited_ms);
  out.flag(page.in_trash);
  out.flag(page.is_archived);
  out.text(page.parent);
  out.values(page.values);
  out.list(page.formatted, [&](std::size_t n) { out.number(n); });
  out.unreadable(page.unreadable);
  out.text(page.nonce);
  out.text(page.row_id);
  out.text(page.checksum);
}

Page read_page(Reader& in) {
  Page page;
  page.id = in.text();
  page.created_ms = in.time();
  page.edited_ms = in.time();
  page.in_trash = in.flag();
  page.is_archived = in.flag();
  page.parent = in.text();
  page.values = in.values();
  page.formatted = in.numbers();
  page.unreadable = in.unreadable();
  page.nonce = in.text();
  page.row_id = in.text();
  page.checksum = in.text();
  return page;
}

void write(Writer& out, const Row& row) {
  out.text(row.key);
  out.text(row.version);
  out.time(row.updated_ms);
  out.flag(row.deleted);
  out.values(row.values);
  out.unreadable(row.unreadable);
  out.text(row.page_id);
  out.text(row.checksum);
}

Row read_row(Reader& in) {
  Row row;
  row.key = in.text();
  row.version = in.text();
  row.updated_ms = in.maybe_time();
  row.deleted = in.flag();
  row.values = in.values();
  row.unreadable = in.unreadable();
  row.page_id = in.text();
  row.checksum = in.text();
  return row;
}

void write(Writer& out, const Link& link) {
  out.text(link.key);
  out.text(link.page_id);
  out.text(link.nonce);
  out.values(link.page_shadow);
  out.values(link.row_shadow);
  out.flag(link.page_live);
  out.flag(link.row_live);
  out.time(link.page_edited_ms);
  out.flag(link.page_noted);
  out.times(link.page_seen);
  out.times(link.row_seen);
  out.list(link.choices, [&](const std::pair<std::size_t, Side>& choice) {
    out.number(choice.first);
    out.flag(choice.second == Side::notion);
  });
  out.list(link.unsettled, [&](std::size_t n) { out.number(n); });
}

Link read_link(Reader& in) {
  Link link;
  link.key = in.text();
  link.page_id = in.text();
  link.nonce = in.text();
  link.page_shadow = in.values();
  link.row_shadow = in.values();
  link.page_live = in.flag();
  link.row_live = in.flag();
  link.page_edited_ms = in.time();
  link.page_noted = in.flag();
  link.page_seen = in.times();
  link.row_seen = in.times();
  link.choices = in.list<std::pair<std::size_t, Side>>([&] {
    const std::size_t field = in.number();
    return std::pair(field, in.flag() ? Side::notion : Side::supabase);
  });
  link.unsettled = in.numbers();
  return link;
}

void write(Writer& out, const Pending& pending) {
  out.text(pending.nonce);
  out.number(static_cast<std::uint64_t>(pending.kind));
  out.text(pending.key);
  out.text(pending.page_id);
  out.changes(pending.intended);
  out.changes(pending.found);
  out.time(pending.noted_ms);
  out.time(pending.send_by_ms);
  out.number(static_cast<std::uint64_t>(pending.attempt));
}

Pending read_pending(Reader& in) {
  Pending pending;
  pending.nonce = in.text();
  pending.kind = static_cast<RequestKind>(in.number());
  pending.key = in.text();
  pending.page_id = in.text();
  pending.intended = in.changes();
  pending.found = in.changes();
  pending.noted_ms = in.time();
  pending.send_by_ms = in.time();
  pending.attempt = static_cast<int>(in.number());
  return pending;
}

void write(Writer& out, const Target& target) {
  out.number(target.field);
  out.text(target.page_id);
  out.text(target.ref);
  out.text(target.key);
  out.flag(target.live);
  out.flag(target.seen);
  out.flag(target.unread);
  out.flag(target.deleted);
}

Target read_target(Reader& in) {
  Target target;
  target.field = in.number();
  target.page_id = in.text();
  target.ref = in.text();
  target.key = in.text();
  target.live = in.flag();
  target.seen = in.flag();
  target.unread = in.flag();
  target.deleted = in.flag();
  return target;
}

void write(Writer& out, const Errand& errand) {
  out.number(static_cast<std::uint64_t>(errand.kind));
  for (const auto* text : {&errand.schema, &errand.table, &errand.key, &errand.page_id, &errand.field, &errand.other,
                           &errand.to_schema, &errand.to_table})
    out.text(*text);
}

Errand read_errand(Reader& in) {
  Errand errand;
  errand.kind = static_cast<Errand::Kind>(in.number());
  for (auto* text : {&errand.schema, &errand.table, &errand.key, &errand.page_id, &errand.field, &errand.other,
                     &errand.to_schema, &errand.to_table})
    *text = in.text();
  return errand;
}

template <class T>
void write_maybe(Writer& out, const std::optional<T>& thing) {
  out.flag(thing.has_value());
  if (thing) write(out, *thing);
}

Error file_error(const char* doing) {
  return {Effect::none, Scope::pair, Cause::other,
          std::string("the plan's temporary file cannot be ") + doing + ": " + std::strerror(errno),
          "A long plan needs room in the directory named by TMPDIR (default /tmp)."};
}

}  // namespace

Spool::~Spool() {
  if (file_ >= 0) ::close(file_);
}

Status Spool::add(const RecordState& state) {
  offsets_.push_back(written_ + buffer_.size());
  Writer out(buffer_);
  write_maybe(out, state.page);
  out.flag(state.page_presumed);
  out.text(state.page_left);
  write_maybe(out, state.row);
  write_maybe(out, state.link);
  out.list(state.open, [&](const Pending& pending) { write(out, pending); });
  out.times(state.page_times);
  out.times(state.row_times);
  out.flag(state.derived);
  out.text(state.ambiguous);
  out.text(state.orphan_of);
  out.changes(state.orphan_intended);
  out.flag(state.adopting);
  out.flag(state.note_page);
  out.flag(state.due);
  out.flag(state.copied_page);
  out.list(state.targets, [&](const Target& target) { write(out, target); });
  out.list(state.errands, [&](const Errand& errand) { write(out, errand); });
  out.list(state.captured, [&](std::int64_t id) { out.number(static_cast<std::uint64_t>(id)); });
  return buffer_.size() >= buffer_bytes ? flush() : Status();
}

Result<RecordState> Spool::at(std::size_t number) {
  const std::uint64_t start = offsets_[number];
  const std::uint64_t end = number + 1 < offsets_.size() ? offsets_[number + 1] : written_ + buffer_.size();
  std::string_view bytes;
  if (start >= written_) {
    bytes = std::string_view(buffer_).substr(start - written_, end - start);
  } else {
    const bool ahead = start >= read_ahead_at_ && end <= read_ahead_at_ + read_ahead_.size();
    if (!ahead) {
      read_ahead_at_ = start;
      read_ahead_.resize(
          std::max<std::uint64_t>(end - start, std::min<std::uint64_t>(buffer_bytes / 4, written_ - start)));
      std::size_t have = 0;
      while (have < read_ahead_.size()) {
        const auto got =
            ::pread(file_, read_ahead_.data() + have, read_ahead_.size() - have, static_cast<off_t>(start + have));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return fail(file_error("read"));
        have += static_cast<std::size_t>(got);
      }
    }
    bytes = std::string_view(read_ahead_).substr(start - read_ahead_at_, end - start);
  }
  Reader in(bytes);
  RecordState state;
  if (in.flag()) state.page = read_page(in);
  state.page_presumed = in.flag();
  state.page_left = in.text();
  if (in.flag()) state.row = read_row(in);
  if (in.flag()) state.link = read_link(in);
  state.open = in.list<Pending>([&] { return read_pending(in); });
  state.page_times = in.times();
  state.row_times = in.times();
  state.derived = in.flag();
  state.ambiguous = in.text();
  state.orphan_of = in.text();
  state.orphan_intended = in.changes();
  state.adopting = in.flag();
  state.note_page = in.flag();
  state.due = in.flag();
  state.copied_page = in.flag();
  state.targets = in.list<Target>([&] { return read_target(in); });
  state.errands = in.list<Errand>([&] { return read_errand(in); });
  state.captured = in.list<std::int64_t>([&] { return static_cast<std::int64_t>(in.number()); });
  return state;
}

Status Spool::open_file() {
  std::error_code ignored;
  std::string path = (std::filesystem::temp_directory_path(ignored) / "rowpage-plan-XXXXXX").string();
  file_ = ::mkostemp(path.data(), O_CLOEXEC);
  if (file_ < 0) return fail(file_error("made"));
  ::unlink(path.c_str());
  return {};
}

Status Spool::flush() {
  if (file_ < 0) {
    if (auto opened = open_file(); !opened) return opened;
  }
  std::size_t done = 0;
  while (done < buffer_.size()) {
    const auto put = ::pwrite(file_, buffer_.data() + done, buffer_.size() - done, static_cast<off_t>(written_ + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return fail(file_error("written"));
    done += static_cast<std::size_t>(put);
  }
  written_ += buffer_.size();
  buffer_.clear();
  return {};
}

namespace {
std::uint64_t mark_of(std::string_view id) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  hash ^= hash >> 29;
  hash *= 0x9e3779b97f4a7c15ULL;
  hash ^= hash >> 32;
  return hash == 0 ? 1 : hash;
}
}  // namespace

std::size_t IdSet::slot(std::uint64_t hash) const {
  std::size_t at = hash & (slots_.size() - 1);
  while (slots_[at] != 0 && slots_[at] != hash) at = (at + 1) & (slots_.size() - 1);
  return at;
}

void IdSet::grow() {
  std::vector<std::uint64_t> old =
      std::exchange(slots_, std::vector<std::uint64_t>(slots_.empty() ? 1024 : slots_.size() * 2));
  for (const std::uint64_t hash : old) {
    if (hash != 0) slots_[slot(hash)] = hash;
  }
}

bool IdSet::insert(std::string_view id) {
  if (size_ * 3 >= slots_.size() * 2) grow();
  const std::uint64_t hash = mark_of(id);
  std::uint64_t& place = slots_[slot(hash)];
  if (place == hash) return false;
  place = hash;
  ++size_;
  return true;
}

bool IdSet::contains(std::string_view id) const {
  if (slots_.empty()) return false;
  return slots_[slot(mark_of(id))] != 0;
}

}  // namespace rowpage
