//! What is around the contract, the problems and the development mailbox.

use super::{Texts, texts};

texts! {
    contract_title = "The API" | "Die API";
    contract_lead = "JSON over HTTP. Send a session’s token or an API key in the Authorization header, after the word Bearer." | "JSON über HTTP. Senden Sie das Token einer Sitzung oder einen API-Schlüssel im Authorization-Header hinter dem Wort Bearer.";
    contract_problems = "What can go wrong" | "Was schiefgehen kann";
    contract_openapi = "The same as a machine reads it: OpenAPI" | "Dasselbe, wie Maschinen es lesen: OpenAPI";
    contract_open = "Needs no credential." | "Braucht keine Anmeldung.";
    contract_required = "required" | "nötig";
    contract_body = "Body" | "Inhalt";
    problems_title = "Problems" | "Fehlermeldungen";
    problem_status(status) = "with status {status}" | "mit Status {status}";
    mailbox_title = "Development mailbox" | "Postfach der Entwicklungsumgebung";
    mailbox_lead = "Mails of the development profile end here instead of going out. The newest is first." | "In der Entwicklungsumgebung werden E-Mails nicht versendet, sondern hier abgelegt. Die neueste steht oben.";
    mailbox_programs = "The same for programs" | "Dasselbe für Programme";
    mailbox_to(address) = "to {address}" | "an {address}";
    mailbox_empty = "No mail yet." | "Noch keine E-Mail.";
}
