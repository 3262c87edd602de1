# rowpage_embed(TARGET FUNCTION files...)
#
# Puts files into the program's read-only data and defines, for <TARGET>'s sources to declare themselves:
#   std::span<const rowpage::EmbeddedFile> rowpage::FUNCTION();      (see base/embedded.h; names are the files' base names)
# .incbin costs nothing to compile, and touching a file relinks the program.
function(rowpage_embed target function)
  set(assembly ${CMAKE_CURRENT_BINARY_DIR}/${target}_${function}.S)
  set(table ${CMAKE_CURRENT_BINARY_DIR}/${target}_${function}.cc)
  set(text_assembly ".section .rodata\n")
  set(text_declarations "")
  set(text_rows "")
  set(index 0)
  foreach(file IN LISTS ARGN)
    get_filename_component(base ${file} NAME)
    set(symbol rowpage_${function}_${index})
    string(APPEND text_assembly
           ".global ${symbol}\n.global ${symbol}_end\n${symbol}: .incbin \"${file}\"\n${symbol}_end: .byte 0\n")
    string(APPEND text_declarations "extern \"C\" const char ${symbol}[];\nextern \"C\" const char ${symbol}_end[];\n")
    string(APPEND text_rows
           "      {\"${base}\", {${symbol}, static_cast<std::size_t>(${symbol}_end - ${symbol})}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  string(APPEND text_assembly ".section .note.GNU-stack,\"\",@progbits\n")
  file(CONFIGURE OUTPUT ${assembly} CONTENT "${text_assembly}" @ONLY)
  file(CONFIGURE OUTPUT ${table} CONTENT
"#include <span>

#include \"base/embedded.h\"

${text_declarations}
namespace rowpage {
std::span<const EmbeddedFile> ${function}();
std::span<const EmbeddedFile> ${function}() {
  static const EmbeddedFile files[] = {
${text_rows}  };
  return files;
}
}  // namespace rowpage
" @ONLY)
  set_source_files_properties(${assembly} PROPERTIES OBJECT_DEPENDS "${ARGN}")
  target_sources(${target} PRIVATE ${assembly} ${table})
endfunction()
