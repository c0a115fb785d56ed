Feature: Integrations that cannot work
  An integration whose configuration lacks something, or says something that has no meaning, would fail
  at the first login or the first visit. The administrator who creates it is told at once.

  @OI-122 @direct
  Scenario Outline: A <type> integration <with> "<key>" is refused
    When the administrator creates a <type> integration <with> "<key>"
    Then the creation is refused

    Examples:
      | type            | with                             | key               |
      | Viewer          | with "https:///token" as         | token_uri         |
      | Viewer          | with "https://[id/token" as      | token_uri         |
      | Viewer          | with "ftp://id.example/token" as | token_uri         |
      | Viewer          | without                          | authorization_uri |
      | Viewer          | without                          | client_secret     |
      | Service Account | without                          | client_secret     |
      | Viewer          | without                          | client_id         |
      | Viewer          | without                          | token_uri         |
      | Viewer          | with "Nobody" as                 | auth_type         |
      | Viewer          | with "perhaps" as                | use_pkce          |
