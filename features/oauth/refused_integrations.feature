Feature: Integrations with an invalid configuration
  The server refuses to create an integration whose configuration is incomplete or invalid. The
  administrator learns of the mistake at once, not at the first login or the first visit.

  @OI-122 @direct
  Scenario Outline: The server refuses to create a <type> integration <with> "<key>"
    When the administrator creates a <type> integration <with> "<key>"
    Then the request is refused

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
