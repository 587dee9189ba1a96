// Server-sent events out of the body of a fetch. A line may be tens of megabytes (the last event's): parts of it are put
// together once.

export async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let parts = [];
  let event = "message";
  let data = [];
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      let start = 0;
      for (let end = value.indexOf("\n"); end >= 0; end = value.indexOf("\n", start)) {
        parts.push(value.slice(start, end));
        start = end + 1;
        const line = parts.length === 1 ? parts[0] : parts.join("");
        parts = [];
        if (line === "") {
          if (data.length > 0) yield { event, data: data.length === 1 ? data[0] : data.join("\n") };
          event = "message";
          data = [];
        } else if (line.startsWith("event: ")) {
          event = line.slice(7);
        } else if (line.startsWith("data: ")) {
          data.push(line.slice(6));
        }
      }
      if (start < value.length) parts.push(value.slice(start));
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
