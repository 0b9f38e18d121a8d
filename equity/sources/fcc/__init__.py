"""The FCC's broadband files."""
