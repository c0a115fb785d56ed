Feature: Lifetime of access tokens
  The server uses an access token until it expires and only then requests another one from the provider.
  Providers limit how many tokens they issue.

  @OI-126 @direct
  Scenario Outline: <tokens> are not renewed for a second visit
    Given a publisher "paula"
    And <expiry>
    And a Viewer integration "crm"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" has Viewer permission on "app"
    And "alice" is logged in to "crm"
    When "alice" visits "app"
    Then "app" obtains a token of "alice"
    When "alice" visits "app"
    Then "app" obtains the same token as before
    And the provider has renewed no access token

    Examples:
      | tokens                           | expiry                                                     |
      | Tokens that expire after a while | the access tokens of the provider expire after 600 seconds |
      | Tokens without a time of expiry  | the provider does not say when access tokens expire        |
