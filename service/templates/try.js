// The answer without leaving the page; without this script the same forms load the same page again.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const fields = new URLSearchParams(new FormData(form));
  if (event.submitter?.name) fields.append(event.submitter.name, event.submitter.value);
  event.preventDefault();
  try {
    const answer = await fetch("/", { method: "POST", body: fields, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.getElementById("try").replaceWith(page.getElementById("try"));
    const title = document.getElementById("answer");
    title.focus({ preventScroll: true });
    title.closest("section").scrollIntoView({ block: "nearest" });
  } catch {
    form.submit();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.form?.requestSubmit();
});
