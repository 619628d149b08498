"""Pages, files and mails of the reports in payments/reports."""
